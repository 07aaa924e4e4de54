import { describe, expect, it } from 'vitest'
import { connectionOf, refusalsOf } from '../parsing/parsed.support.ts'

const NOBODY = { username: undefined, password: undefined }
const NOTHING_ELSE = { tls: undefined, tunnel: undefined, redirectHosts: undefined }
const UNREADABLE = 'url-malformed: url'

describe('a URL', () => {
  it.each([
    ['redis://h', { host: 'h', port: 6379, database: 0, ...NOBODY }],
    ['redis://h/', { host: 'h', port: 6379, database: 0, ...NOBODY }],
    ['redis://h:6380', { host: 'h', port: 6380, database: 0, ...NOBODY }],
    ['redis://h/15', { host: 'h', port: 6379, database: 15, ...NOBODY }],
    ['redis://h?db=15', { host: 'h', port: 6379, database: 15, ...NOBODY }],
    ['redis://h/?db=15', { host: 'h', port: 6379, database: 15, ...NOBODY }],
    ['redis://127.0.0.1:1/2', { host: '127.0.0.1', port: 1, database: 2, ...NOBODY }],
    ['redis://[::1]:7/3', { host: '::1', port: 7, database: 3, ...NOBODY }],
    ['redis://[2001:db8::7]', { host: '2001:db8::7', port: 6379, database: 0, ...NOBODY }],
    ['redis://app@h', { host: 'h', port: 6379, database: 0, username: 'app', password: undefined }],
    ['redis://app:@h', { host: 'h', port: 6379, database: 0, username: 'app', password: undefined }],
    ['redis://app:pw@h:6380/4', { host: 'h', port: 6380, database: 4, username: 'app', password: 'pw' }],
    ['redis://:pw@h', { host: 'h', port: 6379, database: 0, username: undefined, password: 'pw' }],
    [
      'redis://a%40b:p%3A%2F%25%20%C3%BC@h',
      { host: 'h', port: 6379, database: 0, username: 'a@b', password: 'p:/% ü' },
    ],
  ])('says in one line where and as whom to connect: %s', (url, { host, port, ...login }) => {
    const deployment = { kind: 'standalone', address: { host, port } }
    const expected = { deployment, ...login, ...NOTHING_ELSE }
    expect(connectionOf({ url })).toEqual(expected)
    expect(connectionOf({ url: url.replace('redis:', 'rediss:') })).toEqual({
      ...expected,
      tls: expect.objectContaining({ mode: 'verify-full' }),
    })
  })

  it.each([
    ['unix:///run/redis.sock', { path: '/run/redis.sock', database: 0, ...NOBODY }],
    ['unix:///run/redis.sock?db=3', { path: '/run/redis.sock', database: 3, ...NOBODY }],
    ['unix:///a%20b%3F', { path: '/a b?', database: 0, ...NOBODY }],
    ['unix://:pw@/s', { path: '/s', database: 0, username: undefined, password: 'pw' }],
    ['unix://app@/s', { path: '/s', database: 0, username: 'app', password: undefined }],
    ['unix://a%40b:p%2F@/s?db=1', { path: '/s', database: 1, username: 'a@b', password: 'p/' }],
    ['unix:///s/2', { path: '/s/2', database: 0, ...NOBODY }],
    ['unix:///a@b:c', { path: '/a@b:c', database: 0, ...NOBODY }],
  ])('may be that of a Unix socket: %s', (url, { path, ...login }) => {
    const deployment = { kind: 'standalone', address: { path } }
    expect(connectionOf({ url })).toEqual({ deployment, ...login, ...NOTHING_ELSE })
  })

  it.each([
    ['redis://h/3', 5, 5],
    ['redis://h/3', 0, 0],
    ['redis://h', 5, 5],
    ['unix:///s?db=3', 5, 5],
  ])('%s with the database %i beside it means database %i', (url, database, expected) => {
    expect(connectionOf({ url, database }).database).toBe(expected)
  })

  it('may stand beside what a form fills in', () => {
    const form = { host: '', username: '', password: '', ssl: false, deployment: { mode: 'standalone' } }
    for (const port of [6379, 6380]) {
      const { deployment } = connectionOf({ url: 'redis://h:7', port, ...form })
      expect(deployment).toMatchObject({ address: { host: 'h', port: 7 } })
    }
  })
})

describe('an empty URL', () => {
  it('is none', () => {
    const deployment = { kind: 'standalone', address: { host: 'h', port: 7 } }
    expect(connectionOf({ url: '', host: 'h', port: 7 })).toMatchObject({ deployment })
    expect(refusalsOf({ url: '' })).toEqual(['host-missing: host'])
  })
})

describe('a URL is refused', () => {
  it.each([
    ['ftp://h', 'option-malformed: url'],
    ['REDIS://h', `option-malformed: url`],
    ['redis:h', `option-malformed: url`],
    ['h:6379', `option-malformed: url`],
    ['redis://', UNREADABLE],
    ['redis:///3', UNREADABLE],
    ['redis://h:65536', UNREADABLE],
    ['redis://h:port', UNREADABLE],
    ['redis://two words', UNREADABLE],
    ['redis://u:p#w@h', UNREADABLE],
    ['redis://u:p/w@h', UNREADABLE],
    ['redis://h#3', UNREADABLE],
    ['{{ NAME }} and more', UNREADABLE],
    ['unix://', UNREADABLE],
    ['unix:///', UNREADABLE],
    ['unix://relative/path', UNREADABLE],
    ['unix:///s#3', UNREADABLE],
    ['redis://h:0', 'port-out-of-range: url'],
    ['redis://h/first', 'url-database-malformed: url'],
    ['redis://h/1/2', 'url-database-malformed: url'],
    ['redis://h/-1', 'url-database-malformed: url'],
    ['redis://h?db=first', 'url-database-malformed: url'],
    ['unix:///s?db=', 'url-database-malformed: url'],
    ['redis://h/1?db=1', 'url-database-repeated: url'],
    ['redis://h?db=1&db=2', 'url-database-repeated: url'],
    ['redis://h?timeout=3&db=1', 'url-parameter-unknown: url'],
    ['unix:///s?password=pw', 'url-parameter-unknown: url'],
    ['redis://u:100%@h', 'url-escape-malformed: url'],
    ['unix:///100%', 'url-escape-malformed: url'],
  ])('where it is %s', (url, problem) => {
    expect(refusalsOf({ url })).toEqual([problem])
  })

  it.each([
    ['host', { host: 'h' }],
    ['username', { username: 'app' }],
    ['password', { password: 'pw' }],
  ])('together with %s, both named', (field, other) => {
    for (const url of ['redis://h', 'rediss://h', 'unix:///s'])
      expect(refusalsOf({ url, ...other })).toEqual([`url-and-option: url, ${field}`])
  })

  it('as a socket together with TLS or a tunnel, both named', () => {
    const ssh = { tunnel_host: 'b', tunnel_user: 'u', tunnel_user_password: 'p' }
    const tunnel = { tunnel_method: 'SSH_PASSWORD_AUTH', ...ssh }
    expect(refusalsOf({ url: 'unix:///s', ssl: true, tunnel_method: tunnel })).toEqual([
      'socket-with-tls: url, ssl',
      'socket-with-tunnel: url, tunnel_method',
    ])
  })

  it('with every problem at once', () => {
    expect(refusalsOf({ url: 'redis://u:%@h:0/x', host: 'h', port: 1 })).toEqual([
      'url-and-option: url, host',
      'port-out-of-range: url',
      'url-escape-malformed: url',
      'url-database-malformed: url',
    ])
  })
})
