import { describe, expect, it } from 'vitest'
import { parse, refusalsOf, warningsOf } from '../parsing/parsed.support.ts'

describe('durability', () => {
  it.each<[unknown, object]>([
    [undefined, { mode: 'none' }],
    [null, { mode: 'none' }],
    [{}, { mode: 'none' }],
    [{ mode: 'none' }, { mode: 'none' }],
    [{ mode: 'replicas' }, { mode: 'replicas', count: 1, timeoutMs: 5000 }],
    [
      { mode: 'replicas', count: 2, timeout_ms: 100 },
      { mode: 'replicas', count: 2, timeoutMs: 100 },
    ],
    [{ mode: 'fsync' }, { mode: 'fsync', replicas: 0, timeoutMs: 5000 }],
    [
      { mode: 'fsync', replicas: 3, timeout_ms: 1 },
      { mode: 'fsync', replicas: 3, timeoutMs: 1 },
    ],
  ])('of %j', (durability, expected) => {
    expect(parse({ host: 'h', durability })).toMatchObject({ config: { durability: expected }, warnings: [] })
  })

  it.each<[unknown, string]>([
    ['fsync', 'option-wrong-type: durability'],
    [{ mode: 'wait' }, 'option-not-allowed: durability.mode'],
    [{ count: 1 }, 'option-missing: durability.mode'],
    [{ mode: 'replicas', count: 0 }, 'option-too-small: durability.count'],
    [{ mode: 'replicas', count: '2' }, 'option-wrong-type: durability.count'],
    [{ mode: 'fsync', replicas: -1 }, 'option-too-small: durability.replicas'],
    [{ mode: 'fsync', timeout_ms: 0 }, 'option-too-small: durability.timeout_ms'],
    [{ mode: 'replicas', timeout_ms: 600_001 }, 'option-too-large: durability.timeout_ms'],
  ])('is refused by the field that is wrong: %j', (durability, problem) => {
    expect(refusalsOf({ host: 'h', durability })).toEqual([problem])
  })

  it('warns of what another mode knows', () => {
    expect(warningsOf({ host: 'h', durability: { mode: 'fsync', count: 1 } })).toEqual([
      'option-unknown: durability.count',
    ])
  })

  it('is not read from the environment', () => {
    const durability = { mode: '{{ MODE }}' }
    expect(refusalsOf({ host: 'h', durability }, { MODE: 'none' })).toEqual([
      'option-not-allowed: durability.mode',
    ])
  })
})
