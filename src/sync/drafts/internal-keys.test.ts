import { expect, it } from 'vitest'
import { slotOf } from '../../redis/resp/key-slot.ts'
import { deadLetterKey, metadataKey, OWN_KEYS, probeKeys, runKey } from './internal-keys.ts'

it("the connector's own keys stand apart from those of streams, behind the prefix", () => {
  for (const prefix of ['', 'crm:']) {
    const keys = [
      metadataKey(prefix, 'n:s'),
      runKey(prefix, 'sequence', 'run', undefined),
      deadLetterKey(prefix),
      ...Object.values(probeKeys(prefix, 'one')),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key.startsWith(prefix + OWN_KEYS)).toBe(true)
  }
})

it('the two keys of a check are in one slot', () => {
  for (const prefix of ['', 'crm:', 'p{']) {
    const { key, other } = probeKeys(prefix, 'one')
    expect(slotOf(Buffer.from(other))).toBe(slotOf(Buffer.from(key)))
  }
})

it('the key of the dead letters is the same for every run, as people look for it', () => {
  expect(deadLetterKey('crm:')).toBe('crm:_airbyte:dead_letter')
})

it('the keys of a run are in the slot that is asked for, each with a name of its own', () => {
  for (const prefix of ['', 'crm:', 'p{']) {
    const keys = ['sequence', 'marker', 'durable'].flatMap((name) =>
      [undefined, 0, 9000].map((slot) => runKey(prefix, name, 'run', slot)),
    )
    expect(new Set(keys).size).toBe(keys.length)
    for (const [index, key] of keys.entries()) {
      expect(key.startsWith(prefix + OWN_KEYS)).toBe(true)
      if (index % 3 > 0) expect(slotOf(Buffer.from(key))).toBe(index % 3 === 1 ? 0 : 9000)
    }
  }
})
