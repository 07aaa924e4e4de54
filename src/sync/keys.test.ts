import { expect, it } from 'vitest'
import { checkKey, deadLetterKey, notesKey, onceKey, OWN_KEYS } from './keys.ts'

it("the connector's own keys stand apart from those of streams, behind the prefix", () => {
  for (const prefix of ['', 'crm:']) {
    const keys = [
      notesKey(prefix, 'n:s'),
      onceKey(prefix, 'run'),
      deadLetterKey(prefix),
      checkKey(prefix, 'one'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key.startsWith(prefix + OWN_KEYS)).toBe(true)
  }
})

it('the key of the dead letters is the same for every run, as people look for it', () => {
  expect(deadLetterKey('crm:')).toBe('crm:_airbyte:dead_letter')
})
