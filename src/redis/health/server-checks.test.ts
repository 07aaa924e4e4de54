import { describe, expect, it } from 'vitest'
import type { ServerInfo } from './server-info.ts'
import { finding, report, type Expectations } from './finding.ts'
import { checkServer } from './server-checks.ts'

const healthy: ServerInfo = {
  info: new Map([['role', 'master']]),
  settings: new Map([
    ['save', ''],
    ['appendfsync', 'always'],
    ['notify-keyspace-events', 'KEA'],
  ]),
  aheadMs: 0,
  canKillClients: true,
  canNameClients: true,
}

function codesOf(server: Partial<ServerInfo>, expected: Partial<Expectations> = {}): string[] {
  return findingsOf(server, expected).map(({ level, problem }) => `${level} ${problem('h:1').code}`)
}

function findingsOf(server: Partial<ServerInfo>, expected: Partial<Expectations> = {}) {
  const expectations: Expectations = {
    deployment: 'standalone',
    durability: { mode: 'none' },
    expires: true,
    expiresAtTimes: true,
  }
  return checkServer({ ...healthy, ...server }, { ...expectations, ...expected })
}

describe('a server', () => {
  it('without any flaw has no findings', () => expect(codesOf({})).toEqual([]))

  it.each([
    [9_000, { seconds: 9, side: 'ahead of' }],
    [-3_600_000, { seconds: 3600, side: 'behind' }],
  ])('with a clock that differs by %i ms is reported where keys expire at a time', (aheadMs, params) => {
    const [found] = findingsOf({ aheadMs })
    expect([found?.level, found?.problem('h:1')]).toMatchObject(['WARN', { code: 'clocks-differ', params }])
    expect(codesOf({ aheadMs }, { expiresAtTimes: false })).toEqual([])
  })

  it('may have a clock that differs a little', () => expect(codesOf({ aheadMs: 4_000 })).toEqual([]))

  it.each([
    ['aof_last_write_status', 'append-only-file-failed'],
    ['rdb_last_bgsave_status', 'last-snapshot-failed'],
  ])('that could not write to its disk is reported: %s', (line, code) => {
    expect(codesOf({ info: new Map([[line, 'err']]) })).toEqual([`WARN ${code}`])
  })

  it('with a delayed fsync is reported, except with durability fsync', () => {
    const settings = new Map([...healthy.settings, ['appendfsync', 'no']])
    const info = new Map([
      ['aof_enabled', '1'],
      ['connected_slaves', '0'],
    ])
    expect(codesOf({ info, settings })).toEqual(['INFO fsync-delayed'])
    expect(codesOf({ info, settings }, { durability: { mode: 'fsync', replicas: 0, timeoutMs: 1 } })).toEqual(
      [],
    )
  })

  it('that is not of the deployment in the configuration fails', () => {
    const alone = new Map([['cluster_enabled', '0']])
    expect(codesOf({ info: alone }, { deployment: 'cluster' })).toEqual(['FAILED server-is-no-cluster-node'])
    const node = new Map([['cluster_enabled', '1']])
    expect(codesOf({ info: node })).toEqual(['FAILED server-is-cluster-node'])
    const sentinel = new Map([['redis_mode', 'sentinel']])
    expect(codesOf({ info: sentinel })).toEqual(['FAILED server-is-sentinel'])
  })
})

it('a finding about several servers is reported once, and names them', () => {
  const full = finding('WARN', 'full', (where) => `${where} is full.`)
  const slow = finding('WARN', 'slow', (where) => `${where} is slow.`)
  expect(
    report([
      ['a:1', full],
      ['b:1', slow],
      ['c:1', full],
      ['d:1', full],
    ]),
  ).toMatchObject([
    { level: 'WARN', text: 'a:1, c:1 and d:1 is full. [full]' },
    { level: 'WARN', text: 'b:1 is slow. [slow]' },
  ])
})
