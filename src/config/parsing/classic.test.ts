import { describe, expect, it } from 'vitest'
import { CERTIFICATE, KEY, parse } from './parsed.support.ts'

const CLASSIC = {
  host: 'redis.example.com',
  port: 6380,
  username: 'default',
  password: 'pw',
  cache_type: 'hash',
}
const MEANING = {
  deployment: { kind: 'standalone', address: { host: 'redis.example.com', port: 6380 } },
  username: 'default',
  password: 'pw',
  database: 0,
  tls: undefined,
  tunnel: undefined,
  redirectHosts: undefined,
}

describe('a configuration written for the classic connector', () => {
  it.each([
    {},
    { ssl: false },
    { ssl: false, ssl_mode: { mode: 'disable' } },
    { tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
    { ssl: false, ssl_mode: { mode: 'disable' }, tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
    { ssl: null, ssl_mode: null, tunnel_method: null },
  ])('means the same here, without a warning, with %j', (options) => {
    const { config, warnings } = parse({ ...CLASSIC, ...options })
    expect(config).toMatchObject({ connection: MEANING, keyPrefix: '' })
    expect(warnings).toEqual([])
  })

  it('has no password where it gives none', () => {
    const { config } = parse({ ...CLASSIC, password: undefined })
    expect(config.connection).toEqual({ ...MEANING, password: undefined })
  })

  const nothing = { caCertificate: undefined, clientCertificate: undefined, clientKey: undefined }

  it.each<[object, object]>([
    [
      { ssl_mode: { mode: 'disable' } },
      { mode: 'disable', ...nothing, clientKeyPassword: undefined, serverName: undefined },
    ],
    [
      {
        ssl_mode: {
          mode: 'verify-full',
          ca_certificate: CERTIFICATE,
          client_certificate: CERTIFICATE,
          client_key: KEY,
          client_key_password: 'of the key store',
        },
      },
      {
        mode: 'verify-full',
        caCertificate: CERTIFICATE,
        clientCertificate: CERTIFICATE,
        clientKey: KEY,
        clientKeyPassword: 'of the key store',
        serverName: undefined,
      },
    ],
  ])('speaks TLS with %j', (options, tls) => {
    const { config, warnings } = parse({ ...CLASSIC, ssl: true, ...options })
    expect(config.connection).toEqual({ ...MEANING, tls })
    expect(warnings).toEqual([])
  })

  const ssh = { tunnel_host: 'bastion', tunnel_port: 2222, tunnel_user: 'me' }

  it.each<[object, object]>([
    [{ tunnel_method: 'SSH_KEY_AUTH', ssh_key: KEY }, { key: KEY }],
    [{ tunnel_method: 'SSH_KEY_AUTH', ssh_key: KEY.replaceAll('\n', '\\n') }, { key: KEY }],
    [{ tunnel_method: 'SSH_PASSWORD_AUTH', tunnel_user_password: 'pw' }, { password: 'pw' }],
  ])('goes through a tunnel with %j', (method, credential) => {
    const { config, warnings } = parse({ ...CLASSIC, tunnel_method: { ...ssh, ...method } })
    const tunnel = {
      host: 'bastion',
      port: 2222,
      user: 'me',
      credential,
      hostKey: undefined,
      allowSha1: false,
    }
    expect(config.connection).toEqual({ ...MEANING, tunnel })
    expect(warnings).toEqual([])
  })
})
