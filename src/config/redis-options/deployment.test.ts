import { describe, expect, it } from 'vitest'
import { CERTIFICATE, connectionOf, parse, problemsOf } from '../parsing/parsed.support.ts'

describe('a standalone deployment', () => {
  it.each([undefined, null, {}, { mode: 'standalone' }])('is what %j means', (deployment) => {
    const address = { host: 'h', port: 6379 }
    expect(connectionOf({ host: 'h', deployment }).deployment).toEqual({ kind: 'standalone', address })
  })

  it.each([
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['fe80::1%lo', 'fe80::1%lo'],
    ['127.0.0.1', '127.0.0.1'],
    ['redis_1.example.com.', 'redis_1.example.com.'],
  ])('is at a host name, or an address with brackets or without: %s', (host, expected) => {
    expect(connectionOf({ host, port: 7 }).deployment).toMatchObject({ address: { host: expected, port: 7 } })
  })

  it.each([
    ['redis://h', 'is a URL; give the name or address alone'],
    ['https://app:hunter2@h', 'is a URL; give the name or address alone'],
    ['/var/run/redis.sock', 'is a path; for a Unix socket, give a url: unix:///path'],
    ['h:6379', 'holds a port; give that as port'],
    ['[::1]:6379', 'holds a port; give that as port'],
    ['app:hunter2@h', 'is not the name or address of one host; give it without anything else'],
    ['localhost,127.0.0.1', 'is not the name or address of one host; give it without anything else'],
    [' h', 'is not the name or address of one host; give it without anything else'],
    ['h/0', 'is not the name or address of one host; give it without anything else'],
    ['[h]', 'is not the name or address of one host; give it without anything else'],
  ])('is refused at %j', (host, problem) => {
    expect(problemsOf({ host })).toEqual([`host: ${problem}.`])
  })
})

describe('a sentinel deployment', () => {
  it('is its nodes, the name of its master, and a login of their own', () => {
    const deployment = {
      mode: 'sentinel',
      nodes: ['s1', 's2:7000', '[::1]', '[2001:db8::7]:7001', '10.0.0.1:1'],
      master_name: 'my:master',
      sentinel_username: 'guard',
      sentinel_password: 'pw',
    }
    expect(connectionOf({ username: 'app', password: 'pw 2', database: 3, deployment })).toMatchObject({
      username: 'app',
      password: 'pw 2',
      database: 3,
      deployment: {
        kind: 'sentinel',
        nodes: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 7000 },
          { host: '::1', port: 26_379 },
          { host: '2001:db8::7', port: 7001 },
          { host: '10.0.0.1', port: 1 },
        ],
        masterName: 'my:master',
        username: 'guard',
        password: 'pw',
      },
    })
  })

  it.each([{}, { sentinel_username: '', sentinel_password: '' }, { sentinel_username: null }])(
    'has no login where none is given: %j',
    (login) => {
      const deployment = { mode: 'sentinel', nodes: ['s'], master_name: 'm', ...login }
      expect(connectionOf({ deployment }).deployment).toMatchObject({
        username: undefined,
        password: undefined,
      })
    },
  )

  it.each(['redis://s', '::1', '::1:7000', 's:', ':7000', 's:p', 's:7:8', 's t', '', '[::1', '[s]:1', 'u@s'])(
    'has no node %j',
    (node) => {
      expect(sentinelProblems(node)).toEqual([
        'deployment.nodes[1]: must look like host:port; an IPv6 address is written in brackets, [::1]:26379.',
      ])
    },
  )

  it.each(['s:0', 's:65536', '[::1]:99999'])('has no node %j, as there is no such port', (node) => {
    expect(sentinelProblems(node)).toEqual([
      'deployment.nodes[1]: the port must be a number from 1 to 65535.',
    ])
  })
})

describe('a cluster', () => {
  it('is some of its nodes, as host and port or as URLs', () => {
    const nodes = ['a', '[::1]:7000', 'redis://b', 'redis://c:7001/', 'redis://[::2]:7002/0']
    const connection = connectionOf({ password: 'pw', database: 0, deployment: { mode: 'cluster', nodes } })
    expect(connection).toMatchObject({
      password: 'pw',
      tls: undefined,
      deployment: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 6379 },
          { host: '::1', port: 7000 },
          { host: 'b', port: 6379 },
          { host: 'c', port: 7001 },
          { host: '::2', port: 7002 },
        ],
      },
    })
  })

  it('speaks TLS where all URLs say so, or ssl', () => {
    const ssl_mode = { mode: 'verify-ca', ca_certificate: CERTIFICATE }
    const tlsOf = (nodes: string[], ssl: boolean) =>
      connectionOf({ ssl, ...(ssl ? {} : { ssl_mode }), deployment: { mode: 'cluster', nodes } }).tls?.mode
    expect(tlsOf(['rediss://a', 'rediss://b:7'], false)).toBe('verify-ca')
    expect(tlsOf(['rediss://a', 'redis://b', 'c'], true)).toBe('verify-full')
    expect(tlsOf(['a:7'], true)).toBe('verify-full')
  })

  it.each([
    ['rediss://a', 'b'],
    ['redis://a', 'rediss://b'],
    ['a', 'redis://b', 'rediss://c'],
  ])('does not speak it to some and not to others: %j, …', (...nodes) => {
    expect(problemsOf({ deployment: { mode: 'cluster', nodes } })).toEqual([
      'deployment.nodes: some are rediss:// and some are not, and a cluster speaks TLS everywhere or nowhere; write them alike, or set ssl to true.',
    ])
  })

  it.each([
    ['redis://:hunter2@b', 'holds a user name or a password; take them out'],
    ['redis://app@b', 'holds a user name or a password; take them out'],
    ['redis://b/1', 'a cluster has database 0 only; leave the number out'],
    ['redis://b?db=1', 'a cluster has database 0 only; leave the number out'],
    ['unix:///b', 'a cluster has no Unix socket; give redis://host:port'],
    ['http://b', 'must look like host:port, or redis://host:port;'],
    ['b c', 'must look like host:port, or redis://host:port;'],
    ['redis://', 'cannot be read; it must look like redis://'],
  ])('has no node %j', (node, problem) => {
    const problems = problemsOf({
      ssl_mode: { mode: 'disable' },
      deployment: { mode: 'cluster', nodes: ['a', node] },
    })
    expect(problems).toEqual([expect.stringContaining(`deployment.nodes[1]: ${problem}`)])
    expect(problems.join()).not.toContain('hunter2')
  })

  it('has database 0 only', () => {
    expect(problemsOf({ database: 1, deployment: { mode: 'cluster', nodes: ['a'] } })).toEqual([
      'database and deployment: a cluster has database 0 only; leave database out.',
    ])
  })
})

describe('a deployment is refused', () => {
  const NODES = { nodes: ['a'], master_name: 'm' }

  it.each(['sentinel', 'cluster'])('as %s beside a place of its own, both named', (mode) => {
    const options = { host: 'h', port: 6380, url: 'redis://u', deployment: { mode, ...NODES } }
    expect(problemsOf(options)).toEqual(
      ['host', 'port', 'url'].map(
        (field) =>
          `${field} and deployment: both are given, and a ${mode} deployment is found by its nodes; leave ${field} out.`,
      ),
    )
  })

  it.each(['sentinel', 'cluster'])('as %s not for what a form fills in', (mode) => {
    const form = { host: '', port: 6379, url: '', username: '', password: '', ssl: false }
    expect(parse({ ...form, host: null, url: null, deployment: { mode, ...NODES } }).config).toBeDefined()
  })

  it.each<[unknown, string]>([
    ['cluster', 'deployment: must be object.'],
    [{ mode: 'replicated' }, 'deployment.mode: must be one of standalone, sentinel, cluster.'],
    [{ mode: 7 }, 'deployment.mode: must be one of standalone, sentinel, cluster.'],
    [{ nodes: ['a'] }, 'deployment.mode: is missing; use one of standalone, sentinel, cluster.'],
    [{ mode: 'cluster' }, 'deployment.nodes: is missing; give it, as mode cluster needs it.'],
    [{ mode: 'cluster', nodes: 'a:1' }, 'deployment.nodes: must be array.'],
    [{ mode: 'cluster', nodes: [] }, 'deployment.nodes: must NOT have fewer than 1 items.'],
    [{ mode: 'cluster', nodes: ['a', 7] }, 'deployment.nodes[1]: must be string.'],
    [
      { mode: 'sentinel', nodes: ['a'] },
      'deployment.master_name: is missing; give it, as mode sentinel needs it.',
    ],
    [
      { mode: 'sentinel', nodes: ['a'], master_name: '' },
      'deployment.master_name: must NOT have fewer than 1 characters.',
    ],
    [
      { mode: 'sentinel', master_name: 'm' },
      'deployment.nodes: is missing; give it, as mode sentinel needs it.',
    ],
  ])('by the field that is wrong: %j', (deployment, problem) => {
    expect(problemsOf({ deployment })).toEqual([problem])
  })

  it('with a warning only, where it holds what its mode does not know', () => {
    expect(parse({ deployment: { mode: 'cluster', nodes: ['a'], master_name: 'm' } }).warnings).toEqual([
      'deployment.master_name: this option is not known and has no effect; check its spelling',
    ])
  })
})

function sentinelProblems(node: string): string[] {
  return problemsOf({ deployment: { mode: 'sentinel', nodes: ['s', node], master_name: 'm' } })
}
