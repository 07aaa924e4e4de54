import { describe, expect, it } from 'vitest'
import type { Config } from '../settings/config.ts'
import {
  CERTIFICATE,
  FINGERPRINT,
  KEY,
  refusalsOf as refusalsIn,
  parse as parseIn,
} from './parsed.support.ts'

const ENVIRONMENT = {
  REDIS_HOST: 'redis.internal',
  REDIS_PORT: '6380',
  REDIS_USER: 'app',
  REDIS_PASSWORD: '12345',
  REDIS_DB: '7',
  REDIS_URL: 'redis://app:pw@h:6380/3',
  EMPTY: '',
  _9: 'odd',
  NESTED: '{{ REDIS_HOST }}',
  ON: 'true',
  OFF: 'false',
  MODE: 'verify-ca',
  SENTINEL: 'sentinel',
  NODE: '[::1]:7000',
  METHOD: 'SSH_KEY_AUTH',
  CERTIFICATE,
  KEY: KEY.replaceAll('\n', '\\n'),
  FINGERPRINT,
}

describe('a placeholder', () => {
  it('is replaced in every connection field, also where that is a number', () => {
    const raw = {
      host: '{{ REDIS_HOST }}',
      port: '{{ REDIS_PORT }}',
      username: '{{ REDIS_USER }}',
      password: '{{ REDIS_PASSWORD }}',
      database: '{{ REDIS_DB }}',
    }
    expect(parse(raw).connection).toMatchObject({
      deployment: { address: { host: 'redis.internal', port: 6380 } },
      username: 'app',
      password: '12345',
      database: 7,
    })
  })

  it('is replaced in the URL', () => {
    expect(parse({ url: '{{ REDIS_URL }}' }).connection).toMatchObject({
      deployment: { address: { host: 'h', port: 6380 } },
      username: 'app',
      password: 'pw',
      database: 3,
    })
  })

  it('is replaced in whether and how TLS is spoken', () => {
    const sslMode = {
      mode: '{{ MODE }}',
      ca_certificate: '{{ CERTIFICATE }}',
      client_certificate: '{{ CERTIFICATE }}',
      client_key: '{{ KEY }}',
      client_key_password: '{{ REDIS_PASSWORD }}',
      server_name: '{{ REDIS_HOST }}',
    }
    expect(parse({ host: 'h', ssl: '{{ ON }}', ssl_mode: sslMode }).connection.tls).toEqual({
      mode: 'verify-ca',
      caCertificate: CERTIFICATE,
      clientCertificate: CERTIFICATE,
      clientKey: KEY,
      clientKeyPassword: '12345',
      serverName: 'redis.internal',
    })
    expect(parse({ host: 'h', ssl: '{{ OFF }}' }).connection.tls).toBeUndefined()
  })

  it('is replaced in a deployment and its nodes', () => {
    const deployment = {
      mode: '{{ SENTINEL }}',
      nodes: ['s:1', '{{ NODE }}', '{{ REDIS_HOST }}'],
      master_name: '{{ REDIS_USER }}',
      sentinel_username: '{{ REDIS_USER }}',
      sentinel_password: '{{ REDIS_PASSWORD }}',
    }
    const hosts = ['s', '::1', 'redis.internal']
    expect(parse({ deployment }).connection.deployment).toEqual({
      kind: 'sentinel',
      nodes: hosts.map((host, index) => ({ host, port: [1, 7000, 26_379][index] })),
      masterName: 'app',
      username: 'app',
      password: '12345',
    })
  })

  it('is replaced in a tunnel', () => {
    const tunnel = {
      tunnel_method: '{{ METHOD }}',
      tunnel_host: '{{ REDIS_HOST }}',
      tunnel_port: '{{ REDIS_PORT }}',
      tunnel_user: '{{ REDIS_USER }}',
      ssh_key: '{{ KEY }}',
      ssh_key_passphrase: '{{ REDIS_PASSWORD }}',
      tunnel_host_key: '{{ FINGERPRINT }}',
    }
    expect(parse({ host: 'h', tunnel_method: tunnel }).connection.tunnel).toEqual({
      host: 'redis.internal',
      port: 6380,
      user: 'app',
      credential: { key: KEY, passphrase: '12345' },
      hostKey: FINGERPRINT,
      allowSha1: false,
    })
  })

  it.each([
    ['{{REDIS_HOST}}', 'redis.internal'],
    ['{{  REDIS_HOST\t}}', 'redis.internal'],
    ['{{ _9 }}', 'odd'],
    ['{{ NESTED }}', '{{ REDIS_HOST }}'],
    [' {{ REDIS_HOST }}', ' {{ REDIS_HOST }}'],
    ['{{ REDIS_HOST }}.', '{{ REDIS_HOST }}.'],
    ['{ REDIS_HOST }', '{ REDIS_HOST }'],
    ['{{ 9 }}', '{{ 9 }}'],
    ['{{ A-B }}', '{{ A-B }}'],
    ['$REDIS_HOST', '$REDIS_HOST'],
  ])('is the whole value or none: %j means %j', (written, read) => {
    expect(parse({ host: 'h', username: written }).connection.username).toBe(read)
  })

  it('is a plain text in columns and filters', () => {
    const raw = { host: 'h', root_field: '{{ REDIS_HOST }}' }
    expect(parse(raw).records.rootField).toBe('{{ REDIS_HOST }}')
  })

  it.each([
    ['key_prefix', { key_prefix: '{{ REDIS_HOST }}' }],
    ['key_prefix', { key_prefix: 'a:{{ NOT_SET }}:' }],
    ['key_template', { key_template: 'k:{{REDIS_HOST}}:${id}' }],
    ['member', { cache_type: 'set', member: '{{ REDIS_HOST }}' }],
    ['hash_field', { key_template: 'k', hash_field: '{{ REDIS_HOST }}' }],
    ['streams[0].key_template', { streams: [{ stream: 's', key_template: '{{ REDIS_HOST }}:${id}' }] }],
  ])('is refused in %s, where none is read: %j', (option, raw) => {
    expect(refusalsOf({ host: 'h', ...raw })).toContain(`environment-variable-unread: ${option}`)
  })

  it.each([
    ['REDIS_PASSWORD', []],
    ['OTHER, REDIS_*', []],
    ['REDIS_PASS', ['environment-variable-denied: password']],
    ['OTHER_*', ['environment-variable-denied: password']],
    ['', ['environment-variable-denied: password']],
  ])('is replaced if %j allows its variable', (allowed, refusals) => {
    const environment = { ...ENVIRONMENT, DESTINATION_REDIS_ENV_ALLOW: allowed }
    const raw = { host: 'h', password: '{{ REDIS_PASSWORD }}' }
    if (refusals.length > 0) expect(refusalsIn(raw, environment)).toEqual(refusals)
    else expect(parseIn(raw, environment).config.connection.password).toBe('12345')
  })

  it('names the values that no message may show', () => {
    const raw = { host: '{{ REDIS_HOST }}', username: '{{ REDIS_USER }}', password: '{{ REDIS_PASSWORD }}' }
    expect(parseIn(raw, ENVIRONMENT).hidden).toEqual([
      { text: 'redis.internal', shown: '{{ REDIS_HOST }}' },
      { text: '12345', shown: '***' },
    ])
  })

  const verified = { host: 'h', ssl: true, ssl_mode: { mode: 'verify-ca' } }
  const tunnel = { tunnel_method: 'SSH_KEY_AUTH', tunnel_host: 'b', tunnel_user: 'u', ssh_key: KEY }
  const sentinel = { mode: 'sentinel', nodes: ['a'], master_name: 'm' }
  const missing = '{{ NOT_SET }}'

  it.each<[string, object]>([
    ['host', { host: missing }],
    ['port', { host: 'h', port: missing }],
    ['username', { host: 'h', username: missing }],
    ['password', { host: 'h', password: missing }],
    ['url', { url: missing }],
    ['url', { url: missing, ssl_mode: { mode: 'verify-ca' } }],
    ['database', { host: 'h', database: missing }],
    ['database', { database: missing, deployment: { mode: 'cluster', nodes: ['a'] } }],
    ['ssl', { host: 'h', ssl: missing }],
    ['ssl', { host: 'h', ssl: missing, ssl_mode: { mode: 'verify-ca' } }],
    ['ssl_mode', { host: 'h', ssl_mode: missing }],
    ['ssl_mode.mode', { host: 'h', ssl_mode: { mode: missing } }],
    ['ssl_mode.ca_certificate', { ...verified, ssl_mode: { mode: 'verify-ca', ca_certificate: missing } }],
    [
      'ssl_mode.client_key',
      { ...verified, ssl_mode: { mode: 'verify-ca', client_certificate: CERTIFICATE, client_key: missing } },
    ],
    ['deployment', { deployment: missing }],
    ['deployment.mode', { deployment: { ...sentinel, mode: missing } }],
    ['deployment.master_name', { deployment: { ...sentinel, master_name: missing } }],
    ['deployment.nodes', { deployment: { ...sentinel, nodes: missing } }],
    ['deployment.nodes[1]', { deployment: { ...sentinel, nodes: ['a', missing] } }],
    [
      'deployment.nodes[0]',
      { ssl_mode: { mode: 'verify-ca' }, deployment: { mode: 'cluster', nodes: [missing] } },
    ],
    ['tunnel_method', { host: 'h', tunnel_method: missing }],
    ['tunnel_method.tunnel_method', { host: 'h', tunnel_method: { ...tunnel, tunnel_method: missing } }],
    ['tunnel_method.tunnel_host', { host: 'h', tunnel_method: { ...tunnel, tunnel_host: missing } }],
    ['tunnel_method.tunnel_port', { host: 'h', tunnel_method: { ...tunnel, tunnel_port: missing } }],
    ['tunnel_method.ssh_key', { host: 'h', tunnel_method: { ...tunnel, ssh_key: missing } }],
    ['tunnel_method.tunnel_host_key', { host: 'h', tunnel_method: { ...tunnel, tunnel_host_key: missing } }],
  ])('is one problem, named with its variable, where %s needs one that is not set: %j', (field, raw) => {
    expect(refusalsOf(raw)).toEqual([`environment-variable-unset: ${field}`])
  })

  it('does not hide what is wrong elsewhere', () => {
    expect(refusalsOf({ url: missing, host: 'h', port: 0 })).toEqual([
      'environment-variable-unset: url',
      'option-too-small: port',
      'url-and-option: url, host',
    ])
  })

  it.each([
    ['port', '{{ REDIS_HOST }}', 'option-wrong-type: port'],
    ['port', '{{ EMPTY }}', 'environment-variable-empty: port'],
    ['database', '{{ REDIS_URL }}', 'option-wrong-type: database'],
    ['host', '{{ EMPTY }}', 'environment-variable-empty: host'],
    ['password', '{{ EMPTY }}', 'environment-variable-empty: password'],
  ])('is judged by what it stands for: %s %s', (field, written, problem) => {
    expect(refusalsOf({ host: 'h', [field]: written })).toEqual([problem])
  })
})

function parse(raw: object): Config {
  return parseIn(raw, ENVIRONMENT).config
}

function refusalsOf(raw: object): string[] {
  return refusalsIn(raw, ENVIRONMENT)
}
