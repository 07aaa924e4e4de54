import { describe, expect, it } from 'vitest'
import type { Facts } from './server-info.ts'
import { sayAll, type Expectations } from './finding.ts'
import { findingsFrom } from './server-checks.ts'

const expected: Expectations = {
  deployment: 'standalone',
  durability: { mode: 'none' },
  expires: true,
  endsAtTimes: true,
}

const facts: Facts = {
  info: new Map([['role', 'master']]),
  settings: new Map([
    ['save', ''],
    ['appendfsync', 'always'],
    ['notify-keyspace-events', 'KEA'],
  ]),
  aheadMs: 0,
  isClosing: true,
  isNaming: true,
}

function said(given: Partial<Facts>, asked: Partial<Expectations> = {}): string[] {
  const findings = findingsFrom({ ...facts, ...given }, { ...expected, ...asked })
  return findings.map(({ level, say }) => `${level} ${say('h:1')}`)
}

describe('what follows from what a server tells', () => {
  it('is nothing, where all is well', () => expect(said({})).toEqual([]))

  it.each([
    [9_000, /^WARN The clock of Redis at h:1 is 9 seconds ahead of the clock here.*too early/],
    [-3_600_000, /^WARN The clock of Redis at h:1 is 3600 seconds behind the clock here.*too late/],
  ])('a clock that is off by %i ms, where keys end at a time', (aheadMs, words) => {
    expect(said({ aheadMs })).toEqual([expect.stringMatching(words)])
    expect(said({ aheadMs }, { endsAtTimes: false })).toEqual([])
  })

  it('no clock is exact', () => expect(said({ aheadMs: 4_000 })).toEqual([]))

  it('a log that could not be written', () => {
    expect(said({ info: new Map([['aof_last_write_status', 'err']]) })).toEqual([
      expect.stringMatching(/^WARN .*could not write to its log/),
    ])
  })

  it('fsync is not asked of who waits for it', () => {
    const settings = new Map([...facts.settings, ['appendfsync', 'no']])
    const info = new Map([
      ['aof_enabled', '1'],
      ['connected_slaves', '0'],
    ])
    expect(said({ info, settings })).toEqual([expect.stringMatching(/^INFO .*appendfsync no/)])
    expect(said({ info, settings }, { durability: { mode: 'fsync', replicas: 0, timeoutMs: 1 } })).toEqual([])
  })

  it('a cluster that is none', () => {
    const info = new Map([['cluster_enabled', '0']])
    expect(said({ info }, { deployment: 'cluster' })).toEqual([
      expect.stringMatching(/^FAILED Redis at h:1 is not a node of a cluster/),
    ])
  })
})

it('what holds for several servers is said once, and names them', () => {
  const isFull = { level: 'WARN' as const, say: (where: string) => `${where} is full.` }
  const isSlow = { level: 'WARN' as const, say: (where: string) => `${where} is slow.` }
  expect(
    sayAll([
      ['a:1', isFull],
      ['b:1', isSlow],
      ['c:1', isFull],
      ['d:1', isFull],
    ]),
  ).toEqual([
    { level: 'WARN', text: 'a:1, c:1 and d:1 is full.' },
    { level: 'WARN', text: 'b:1 is slow.' },
  ])
})
