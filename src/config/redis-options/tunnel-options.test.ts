import { describe, expect, it } from 'vitest'
import { connectionOf, FINGERPRINT, KEY, parse, problemsOf } from '../parsing/parsed.support.ts'

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
    const common = { host: 'b', user: 'me', hostKey: undefined }
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
    const { warnings } = parse({ host: 'h', tunnel_method: { ...WITH_KEY, tunnel_method: 'NO_TUNNEL' } })
    expect(warnings.map((warning) => warning.split(':')[0])).toEqual([
      'tunnel_method.tunnel_host',
      'tunnel_method.tunnel_user',
      'tunnel_method.ssh_key',
    ])
  })
})

describe('a tunnel is refused by the field that is wrong', () => {
  it.each<[unknown, string]>([
    ['SSH_KEY_AUTH', ': must be object'],
    [
      { tunnel_method: 'ssh_key_auth' },
      '.tunnel_method: must be one of NO_TUNNEL, SSH_KEY_AUTH, SSH_PASSWORD_AUTH',
    ],
    [
      { tunnel_host: 'b' },
      '.tunnel_method: is missing; use one of NO_TUNNEL, SSH_KEY_AUTH, SSH_PASSWORD_AUTH',
    ],
    [
      { ...WITH_KEY, tunnel_host: undefined },
      '.tunnel_host: is missing; give it, as tunnel_method SSH_KEY_AUTH needs it',
    ],
    [
      { ...WITH_KEY, tunnel_user: null },
      '.tunnel_user: is missing; give it, as tunnel_method SSH_KEY_AUTH needs it',
    ],
    [
      { ...WITH_KEY, ssh_key: undefined },
      '.ssh_key: is missing; give it, as tunnel_method SSH_KEY_AUTH needs it',
    ],
    [
      { ...WITH_PASSWORD, tunnel_user_password: undefined },
      '.tunnel_user_password: is missing; give it, as tunnel_method SSH_PASSWORD_AUTH needs it',
    ],
    [{ ...WITH_KEY, tunnel_host: 'b:22' }, '.tunnel_host: holds a port; give that as tunnel_port'],
    [{ ...WITH_KEY, tunnel_host: 'ssh://b' }, '.tunnel_host: is a URL; give the name or address alone'],
    [{ ...WITH_KEY, tunnel_host: '' }, '.tunnel_host: must NOT have fewer than 1 characters'],
    [{ ...WITH_KEY, tunnel_host: ' ' }, '.tunnel_host: is empty; give it'],
    [{ ...WITH_KEY, tunnel_user: ' ' }, '.tunnel_user: is empty; give it'],
    [{ ...WITH_KEY, ssh_key: ' ' }, '.ssh_key: is empty; give it'],
    [{ ...WITH_PASSWORD, tunnel_user_password: ' ' }, '.tunnel_user_password: is empty; give it'],
    [{ ...WITH_PASSWORD, tunnel_port: '22' }, '.tunnel_port: must be integer'],
    [{ ...WITH_PASSWORD, tunnel_port: 0 }, '.tunnel_port: must be >= 1'],
    [{ ...WITH_PASSWORD, tunnel_port: 65_536 }, '.tunnel_port: must be <= 65535'],
    [
      { ...WITH_KEY, ssh_key: 'ssh-ed25519 AAAAC3NzaC1l' },
      '.ssh_key: is not a private key in PEM form; paste the whole file, from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----',
    ],
    ...['uNiVztks', 'MD5:aa:bb', FINGERPRINT.slice(0, -1), `${FINGERPRINT}g`].map(
      (key): [unknown, string] => [
        { ...WITH_KEY, tunnel_host_key: key },
        '.tunnel_host_key: must look like SHA256:… with 43 letters and digits; ask the SSH host with ssh-keygen -lf on its public key',
      ],
    ),
  ])('%j', (tunnel, problem) => {
    expect(problemsOf({ host: 'h', tunnel_method: tunnel })).toEqual([`tunnel_method${problem}.`])
  })
})

function tunnelOf(tunnel: object) {
  return connectionOf({ host: 'h', tunnel_method: tunnel }).tunnel
}
