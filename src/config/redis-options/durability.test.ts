import { describe, expect, it } from 'vitest'
import { parse, problemsOf } from '../parsing/parsed.support.ts'

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
    ['fsync', ': must be object'],
    [{ mode: 'wait' }, '.mode: must be one of none, replicas, fsync'],
    [{ count: 1 }, '.mode: is missing; use one of none, replicas, fsync'],
    [{ mode: 'replicas', count: 0 }, '.count: must be >= 1'],
    [{ mode: 'replicas', count: '2' }, '.count: must be integer'],
    [{ mode: 'fsync', replicas: -1 }, '.replicas: must be >= 0'],
    [{ mode: 'fsync', timeout_ms: 0 }, '.timeout_ms: must be >= 1'],
    [{ mode: 'replicas', timeout_ms: 600_001 }, '.timeout_ms: must be <= 600000'],
  ])('is refused by the field that is wrong: %j', (durability, problem) => {
    expect(problemsOf({ host: 'h', durability })).toEqual([`durability${problem}.`])
  })

  it('warns of what another mode knows', () => {
    expect(parse({ host: 'h', durability: { mode: 'fsync', count: 1 } }).warnings).toEqual([
      'durability.count: this option is not known and has no effect; check its spelling',
    ])
  })

  it('is not read from the environment', () => {
    const durability = { mode: '{{ MODE }}' }
    expect(problemsOf({ host: 'h', durability }, { MODE: 'none' })).toEqual([
      'durability.mode: must be one of none, replicas, fsync.',
    ])
  })
})
