import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { parseConfig } from './parse.ts'

const CLASSIC = {
  host: 'redis.example.com',
  port: 6380,
  username: 'default',
  password: 'pw',
  cache_type: 'hash',
}
const MEANING = { host: 'redis.example.com', port: 6380, username: 'default', password: 'pw', database: 0 }

describe('a configuration written for the classic connector', () => {
  it.each([
    {},
    { ssl: false },
    { ssl: false, ssl_mode: { mode: 'disable' } },
    { tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
    { ssl: false, ssl_mode: { mode: 'disable' }, tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
    { ssl: null, ssl_mode: null, tunnel_method: null },
  ])('means the same here, without a warning, with %j', (options) => {
    const { config, warnings } = parse(options)
    expect(config).toMatchObject({ connection: MEANING, keyPrefix: '' })
    expect(warnings).toEqual([])
  })

  it('has no password where it gives none', () => {
    const { config } = parse({ password: undefined })
    expect(config.connection).toEqual({ ...MEANING, password: undefined })
  })
})

const SSL = 'ssl: TLS is not supported by this version; use false with a plain-text port.'

describe('TLS and tunnels are refused by name', () => {
  it.each([
    [{ ssl: true }, SSL],
    [{ ssl: 'true' }, SSL],
    [{ ssl: 'false' }, SSL],
    [{ ssl: true, ssl_mode: { mode: 'disable' } }, SSL],
    [{ ssl_mode: { mode: 'verify-full', ca_certificate: 'PEM' } }, tls('verify-full')],
    [{ ssl: false, ssl_mode: { mode: 'verify-full' } }, tls('verify-full')],
    [{ ssl_mode: {} }, tls('a form without a name')],
    [{ ssl_mode: 'disable' }, tls('a form without a name')],
    [{ ssl_mode: { mode: null } }, tls('a form without a name')],
    [{ tunnel_method: { tunnel_method: 'SSH_KEY_AUTH', tunnel_host: 'b' } }, tunnel('SSH_KEY_AUTH')],
    [{ tunnel_method: { tunnel_method: 'SSH_PASSWORD_AUTH' } }, tunnel('SSH_PASSWORD_AUTH')],
    [{ tunnel_method: {} }, tunnel('a form without a name')],
    [{ tunnel_method: 'NO_TUNNEL' }, tunnel('a form without a name')],
    [
      { ssl: true, ssl_mode: { mode: 'verify-full' }, tunnel_method: { tunnel_method: 'SSH_KEY_AUTH' } },
      `${SSL} ${tls('verify-full')} ${tunnel('SSH_KEY_AUTH')}`,
    ],
  ])('in %j', (options, problems) => {
    expect(() => parse(options)).toThrow(new ConfigError(`The configuration cannot be used. ${problems}`))
  })
})

function tls(mode: string): string {
  return `ssl_mode: ${mode} is TLS, which is not supported by this version; use {"mode": "disable"}.`
}

function tunnel(method: string): string {
  return `tunnel_method: ${method} is not supported by this version; use {"tunnel_method": "NO_TUNNEL"}.`
}

function parse(options: object): ReturnType<typeof parseConfig> {
  return parseConfig(JSON.stringify({ ...CLASSIC, ...options }), {})
}
