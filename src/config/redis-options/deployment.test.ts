import { describe, expect, it } from 'vitest'
import {
  CERTIFICATE,
  connectionOf,
  inShort,
  parse,
  problemsOf,
  refusalsOf,
  warningsOf,
} from '../parsing/parsed.support.ts'

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
    ['redis://h', 'host-is-url'],
    ['${REDIS_HOST}', 'host-is-variable'],
    ['$REDIS_HOST', 'host-is-variable'],
    ['https://app:hunter2@h', 'host-is-url'],
    ['/var/run/redis.sock', 'host-is-path'],
    ['h:6379', 'host-contains-port'],
    ['[::1]:6379', 'host-contains-port'],
    ['app:hunter2@h', 'host-malformed'],
    ['localhost,127.0.0.1', 'host-malformed'],
    [' h', 'host-malformed'],
    ['h/0', 'host-malformed'],
    ['[h]', 'host-malformed'],
  ])('is refused at %j', (host, problem) => {
    expect(refusalsOf({ host })).toEqual([`${problem}: host`])
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
      expect(sentinelProblems(node)).toEqual(['node-malformed: deployment.nodes[1]'])
    },
  )

  it.each(['s:0', 's:65536', '[::1]:99999'])('has no node %j, as there is no such port', (node) => {
    expect(sentinelProblems(node)).toEqual(['port-out-of-range: deployment.nodes[1]'])
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
    expect(refusalsOf({ deployment: { mode: 'cluster', nodes } })).toEqual([
      'cluster-nodes-mix-tls: deployment.nodes',
    ])
  })

  it.each([
    ['redis://:hunter2@b', 'node-contains-credentials'],
    ['redis://app@b', 'node-contains-credentials'],
    ['redis://b/1', 'node-contains-database'],
    ['redis://b?db=1', 'node-contains-database'],
    ['unix:///b', 'node-is-socket'],
    ['ftp://b', 'node-malformed'],
    ['b c', 'node-malformed'],
    ['redis://', 'url-malformed'],
  ])('has no node %j', (node, problem) => {
    const problems = problemsOf({
      ssl_mode: { mode: 'disable' },
      deployment: { mode: 'cluster', nodes: ['a', node] },
    })
    expect(problems.map(inShort)).toEqual([`${problem}: deployment.nodes[1]`])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })

  it('has database 0 only', () => {
    expect(refusalsOf({ database: 1, deployment: { mode: 'cluster', nodes: ['a'] } })).toEqual([
      'cluster-database: database, deployment',
    ])
  })
})

describe('a deployment is refused', () => {
  const NODES = { nodes: ['a'], master_name: 'm' }

  it.each(['sentinel', 'cluster'])('as %s beside a place of its own, both named', (mode) => {
    const options = { host: 'h', port: 6380, url: 'redis://u', deployment: { mode, ...NODES } }
    expect(refusalsOf(options)).toEqual(
      ['host', 'url'].map((option) => `deployment-and-option: ${option}, deployment`),
    )
  })

  it.each(['sentinel', 'cluster'])('as %s not for what a form fills in', (mode) => {
    const form = { host: '', port: 6380, url: '', username: '', password: '', ssl: false }
    for (const place of [{}, { host: null, url: null }])
      expect(parse({ ...form, ...place, deployment: { mode, ...NODES } }).config).toBeDefined()
  })

  it.each<[unknown, string]>([
    ['cluster', 'option-wrong-type: deployment'],
    [{ mode: 'replicated' }, 'option-not-allowed: deployment.mode'],
    [{ mode: 7 }, 'option-not-allowed: deployment.mode'],
    [{ nodes: ['a'] }, 'option-missing: deployment.mode'],
    [{ mode: 'cluster' }, 'option-missing: deployment.nodes'],
    [{ mode: 'cluster', nodes: 'a:1' }, 'option-wrong-type: deployment.nodes'],
    [{ mode: 'cluster', nodes: [] }, 'option-empty: deployment.nodes'],
    [{ mode: 'cluster', nodes: ['a', 7] }, 'option-wrong-type: deployment.nodes[1]'],
    [{ mode: 'sentinel', nodes: ['a'] }, 'option-missing: deployment.master_name'],
    [{ mode: 'sentinel', nodes: ['a'], master_name: '' }, 'option-missing: deployment.master_name'],
    [{ mode: 'sentinel', master_name: 'm' }, 'option-missing: deployment.nodes'],
  ])('by the field that is wrong: %j', (deployment, problem) => {
    expect(refusalsOf({ deployment })).toEqual([problem])
  })

  it('with a warning only, where it holds what its mode does not know', () => {
    expect(warningsOf({ deployment: { mode: 'cluster', nodes: ['a'], master_name: 'm' } })).toEqual([
      'option-unknown: deployment.master_name',
    ])
  })
})

function sentinelProblems(node: string): string[] {
  return refusalsOf({ deployment: { mode: 'sentinel', nodes: ['s', node], master_name: 'm' } })
}
