import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import { parseConfig } from './parse-config.ts'
import { parse } from './parsed.support.ts'

const SECRET = 'hunter2-4711'

describe('no message shows a secret', () => {
  it.each([
    `{"host":"h","password":"${SECRET}"`,
    `"${SECRET}"`,
    JSON.stringify({ password: SECRET, port: -1 }),
    JSON.stringify({ host: 'h', password: [SECRET] }),
    JSON.stringify({ host: 'h', password: { value: SECRET } }),
    JSON.stringify({ host: 'h', url: `redis://app:${SECRET}@h` }),
    JSON.stringify({ url: `rediss://app:${SECRET}@h:0` }),
    JSON.stringify({ url: `rediss://app:${SECRET}@h?password=${SECRET}` }),
    JSON.stringify({ url: `redis://app:${SECRET}#${SECRET}@h` }),
    JSON.stringify({ url: `redis://app:${SECRET}/${SECRET}@h` }),
    JSON.stringify({ url: `unix://app:${SECRET}@path` }),
    JSON.stringify({ url: `unix://app:${SECRET}@/path?password=${SECRET}` }),
    JSON.stringify({ url: `unix://app:${SECRET}%@/path` }),
    JSON.stringify({ host: `redis://app:${SECRET}@h` }),
    JSON.stringify({ host: `app:${SECRET}@h` }),
    JSON.stringify({ deployment: { mode: 'cluster', nodes: [`redis://app:${SECRET}@h`] } }),
    JSON.stringify({ deployment: { mode: 'cluster', nodes: [`app:${SECRET}@h`] } }),
    JSON.stringify({
      deployment: { mode: 'sentinel', nodes: [`redis://app:${SECRET}@h`], master_name: 'm' },
    }),
    JSON.stringify({ deployment: { mode: 'sentinel', nodes: ['h'], sentinel_password: SECRET } }),
    JSON.stringify({
      deployment: { mode: 'sentinel', nodes: ['h'], master_name: 'm', sentinel_password: [SECRET] },
    }),
    JSON.stringify({ deployment: { mode: SECRET } }),
    JSON.stringify({ url: `redis://app:${SECRET}%@h` }),
    JSON.stringify({ url: `redis://app:${SECRET}@` }),
    JSON.stringify({ url: `redis://app:${SECRET}@h/${SECRET}` }),
    JSON.stringify({ url: `redis://app:${SECRET}@h:port` }),
    JSON.stringify({ url: `app:${SECRET}@h` }),
    JSON.stringify({ url: '{{ URL }}' }),
    JSON.stringify({ host: '{{ HOST }}', port: '{{ PASSWORD }}', password: '{{ PASSWORD }}' }),
    JSON.stringify({ host: 'h', password: '{{ PASSWORD }}', database: '{{ PASSWORD }}' }),
    JSON.stringify({ host: 'h', ssl: true, ssl_mode: { mode: 'verify-full', client_key: SECRET } }),
    JSON.stringify({ host: 'h', ssl: SECRET, ssl_mode: SECRET, tunnel_method: SECRET }),
    JSON.stringify({ host: 'h', tunnel_method: { tunnel_method: 'SSH_KEY_AUTH', ssh_key: SECRET } }),
    JSON.stringify({ host: 'h', ssl: true, ssl_mode: { mode: 'verify-ca', client_key_password: SECRET } }),
    JSON.stringify({
      host: 'h',
      tunnel_method: { tunnel_method: 'SSH_PASSWORD_AUTH', tunnel_user_password: SECRET },
    }),
    JSON.stringify({
      host: 'h',
      ssl: true,
      ssl_mode: { mode: 'verify-ca', ca_certificate: '{{ PASSWORD }}' },
    }),
  ])('in the refusal of %s', (text) => {
    const environment = { PASSWORD: SECRET, URL: `rediss://app:${SECRET}@h:0` }
    const error = errorFrom(() => parseConfig(text, environment, STRUCTURES))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message + JSON.stringify(error)).not.toContain(SECRET)
  })

  it('in a warning', () => {
    const { warnings } = parse({ host: 'h', password: SECRET, passwort: SECRET })
    expect(warnings).toMatchObject([{ options: ['passwort'] }])
    expect(JSON.stringify(warnings)).not.toContain(SECRET)
  })
})

function errorFrom(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('The configuration was accepted.')
}
