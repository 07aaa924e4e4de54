import { describe, expect, it } from 'vitest'
import { connectionOf, FINGERPRINT, KEY, refusalsOf, warningsOf } from '../parsing/parsed.support.ts'

const WITH_KEY = { tunnel_method: 'SSH_KEY_AUTH', tunnel_host: 'b', tunnel_user: 'me', ssh_key: KEY }
const WITH_PASSWORD = {
  tunnel_method: 'SSH_PASSWORD_AUTH',
  tunnel_host: 'b',
  tunnel_port: 2222,
  tunnel_user: 'me',
  tunnel_user_password: 'pw',
}

describe('a tunnel', () => {
  it.each([undefined, null, {}, { tunnel_method: 'NO_TUNNEL' }])('is not dug for %j', (tunnel) => {
    expect(connectionOf({ host: 'h', tunnel_method: tunnel }).tunnel).toBeUndefined()
  })

  it('has a key, or a password', () => {
    const common = { host: 'b', user: 'me', hostKey: undefined, allowSha1: false }
    expect(tunnelOf(WITH_KEY)).toEqual({ ...common, port: 22, credential: { key: KEY } })
    expect(tunnelOf(WITH_PASSWORD)).toEqual({ ...common, port: 2222, credential: { password: 'pw' } })
  })

  it.each([
    [' open sesame ', ' open sesame '],
    [' ', ' '],
    ['', undefined],
    [null, undefined],
  ])('has a key with the passphrase %j', (given, passphrase) => {
    const tunnel = tunnelOf({ ...WITH_KEY, ssh_key_passphrase: given })
    expect(tunnel).toMatchObject({ credential: { key: KEY, passphrase } })
  })

  it('has a key whose line ends were lost', () => {
    const lost = KEY.replaceAll('\n', '\\n')
    expect(tunnelOf({ ...WITH_KEY, ssh_key: lost })).toMatchObject({ credential: { key: KEY } })
  })

  it('has no spaces around its texts', () => {
    const spaced = Object.fromEntries(
      Object.entries(WITH_PASSWORD).map(([name, value]) => [
        name,
        typeof value === 'string' && name !== 'tunnel_method' ? ` ${value}\n` : value,
      ]),
    )
    expect(tunnelOf(spaced)).toEqual(tunnelOf(WITH_PASSWORD))
  })

  it.each(['::1', '[::1]'])('may begin at an IPv6 address: %s', (host) => {
    expect(tunnelOf({ ...WITH_KEY, tunnel_host: host })).toMatchObject({ host: '::1' })
  })

  it.each([
    [FINGERPRINT, FINGERPRINT],
    [`${FINGERPRINT}=`, FINGERPRINT],
    [` ${FINGERPRINT} `, FINGERPRINT],
    ['', undefined],
    [null, undefined],
  ])('knows its host by %j', (given, hostKey) => {
    expect(tunnelOf({ ...WITH_KEY, tunnel_host_key: given })).toMatchObject({ hostKey })
  })

  it('may lead to sentinels and clusters', () => {
    for (const mode of ['sentinel', 'cluster']) {
      const deployment = { mode, nodes: ['a'], ...(mode === 'sentinel' ? { master_name: 'm' } : {}) }
      expect(connectionOf({ deployment, tunnel_method: WITH_KEY }).tunnel).toBeDefined()
    }
  })

  it('may hold what is for another method, with a warning', () => {
    const tunnel = { ...WITH_KEY, tunnel_method: 'NO_TUNNEL' }
    expect(warningsOf({ host: 'h', tunnel_method: tunnel })).toEqual([
      'option-unknown: tunnel_method.tunnel_host',
      'option-unknown: tunnel_method.tunnel_user',
      'option-unknown: tunnel_method.ssh_key',
    ])
  })
})

describe('a tunnel is refused by the field that is wrong', () => {
  it.each<[unknown, string]>([
    ['SSH_KEY_AUTH', 'option-wrong-type: tunnel_method'],
    [{ tunnel_method: 'ssh_key_auth' }, 'option-not-allowed: tunnel_method.tunnel_method'],
    [{ tunnel_host: 'b' }, 'option-missing: tunnel_method.tunnel_method'],
    [{ ...WITH_KEY, tunnel_host: undefined }, 'option-missing: tunnel_method.tunnel_host'],
    [{ ...WITH_KEY, tunnel_user: null }, 'option-missing: tunnel_method.tunnel_user'],
    [{ ...WITH_KEY, ssh_key: undefined }, 'option-missing: tunnel_method.ssh_key'],
    [
      { ...WITH_PASSWORD, tunnel_user_password: undefined },
      'option-missing: tunnel_method.tunnel_user_password',
    ],
    [{ ...WITH_KEY, tunnel_host: 'b:22' }, 'host-contains-port: tunnel_method.tunnel_host'],
    [{ ...WITH_KEY, tunnel_host: 'ssh://b' }, 'host-is-url: tunnel_method.tunnel_host'],
    [{ ...WITH_KEY, tunnel_host: '' }, 'option-missing: tunnel_method.tunnel_host'],
    [{ ...WITH_KEY, tunnel_host: ' ' }, 'option-empty: tunnel_method.tunnel_host'],
    [{ ...WITH_KEY, tunnel_user: ' ' }, 'option-empty: tunnel_method.tunnel_user'],
    [{ ...WITH_KEY, ssh_key: ' ' }, 'option-empty: tunnel_method.ssh_key'],
    [{ ...WITH_PASSWORD, tunnel_user_password: ' ' }, 'option-empty: tunnel_method.tunnel_user_password'],
    [{ ...WITH_PASSWORD, tunnel_port: '22' }, 'option-wrong-type: tunnel_method.tunnel_port'],
    [{ ...WITH_PASSWORD, tunnel_port: 0 }, 'option-too-small: tunnel_method.tunnel_port'],
    [{ ...WITH_PASSWORD, tunnel_port: 65_536 }, 'option-too-large: tunnel_method.tunnel_port'],
    [{ ...WITH_KEY, ssh_key: 'ssh-ed25519 AAAAC3NzaC1l' }, 'private-key-not-pem: tunnel_method.ssh_key'],
    ...['uNiVztks', 'MD5:aa:bb', FINGERPRINT.slice(0, -1), `${FINGERPRINT}g`].map(
      (key): [unknown, string] => [
        { ...WITH_KEY, tunnel_host_key: key },
        'host-key-malformed: tunnel_method.tunnel_host_key',
      ],
    ),
  ])('%j', (tunnel, problem) => {
    expect(refusalsOf({ host: 'h', tunnel_method: tunnel })).toEqual([problem])
  })
})

function tunnelOf(tunnel: object) {
  return connectionOf({ host: 'h', tunnel_method: tunnel }).tunnel
}
