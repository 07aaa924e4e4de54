import { describe, expect, it } from 'vitest'
import { connectionOf, refusalsOf } from '../parsing/parsed.support.ts'

const NODES = { deployment: { mode: 'cluster', nodes: ['Seed.example:6379', '192.0.2.1:6379'] } }

describe('a host that a server names', () => {
  it.each([undefined, null, []])('may be any where the option is %j', (hosts) => {
    expect(connectionOf({ ...NODES, redirect_hosts: hosts }).redirectHosts).toBeUndefined()
  })

  it.each([
    ['seed.example', true],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['redis-1.internal', true],
    ['REDIS-2.internal.', true],
    ['redis-1.b.internal', false],
    ['redis-1.internal.evil.example', false],
    ['redis-1xinternal', false],
    ['other', true],
    ['10.1.2.3', true],
    ['11.1.2.3', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:11.1.2.3', false],
    ['10.1.2.3.evil.example', false],
    ['10.1', false],
    ['010.1.2.3', false],
    ['172.16.0.9', true],
    ['172.16.0.8', false],
    ['fd00::7', true],
    ['fd00::7%eth0', true],
    ['fe80::7', false],
    ['', false],
    [`${'redis-'.repeat(100_000)}.internal.x`, false],
  ])('is compared with names and ranges: %s', (host, expected) => {
    const rules = ['redis-*.Internal.', ' other ', '10.0.0.0/8', '172.16.0.9', '[fd00::]/8']
    expect(isAllowed(rules, host)).toBe(expected)
  })

  it('is not allowed by a pattern for names if it is an address', () => {
    expect(isAllowed(['*', '*.*.*.*', '1*a.*'], '10.1.2.3')).toBe(false)
  })

  it.each([
    '',
    '10.0.*',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/x',
    'a.b/8',
    'redis:6379',
    '**.internal',
    'a..b',
    'redis://h',
    '{{ hosts',
    `${'1'.repeat(1_000_000)}!`,
    `${Array.from({ length: 100_000 }, () => 'a'.repeat(60)).join('.')}!`,
  ])('cannot be compared with %j', (text) => {
    expect(refusalsOf({ host: 'h', redirect_hosts: ['a', text] })).toEqual([
      'redirect-host-malformed: redirect_hosts[1]',
    ])
  })
})

function isAllowed(rules: string[], host: string): boolean {
  return connectionOf({ ...NODES, redirect_hosts: rules }).redirectHosts!(host)
}
