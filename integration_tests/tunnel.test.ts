// Redis through an SSH server: each way to log in, and what is said when it does not work.
import ssh2 from 'ssh2'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { Authority } from './support/certificates.ts'
import { check } from './support/check.ts'
import { claimPort } from './support/free-port.ts'
import { record, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { newKey, SshServer, type SshServerOptions } from './support/ssh-server.ts'
import { startTlsRedis } from './support/tls-server.ts'
import { write } from './support/write.ts'

const RSA = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
const ED25519 = newKey('ed25519')
const LOCKED = newKey('ed25519', 'sesame')
const OTHER = newKey('ed25519')

const WITH_PASSWORD = { tunnel_method: 'SSH_PASSWORD_AUTH', tunnel_user_password: 'open sesame' }
const WITH_KEY = { tunnel_method: 'SSH_KEY_AUTH', ssh_key: ED25519.private }

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('a tunnel', () => {
  it.each<[string, SshServerOptions, object]>([
    ['an ed25519 key', { keys: [ED25519.public] }, WITH_KEY],
    ['an ed25519 key as PEM', { keys: [ED25519.public] }, { ...WITH_KEY, ssh_key: pemOf(ED25519.private) }],
    ['an RSA key', { keys: [RSA.public] }, { ...WITH_KEY, ssh_key: RSA.private }],
    ['an RSA key as PEM', { keys: [RSA.public] }, { ...WITH_KEY, ssh_key: pemOf(RSA.private) }],
    ['a password', { password: 'open sesame' }, WITH_PASSWORD],
    ['a password in a dialogue', { password: 'open sesame', hasDialogue: true }, WITH_PASSWORD],
  ])('opens with %s', async (_, options, method) => {
    await using ssh = await SshServer.start(options)
    const { status, message } = await check(through(ssh, method))
    expect({ status, message }).toEqual({ status: 'SUCCEEDED', message: '' })
    expect(ssh.asked).toContain(`127.0.0.1:${redis.port}`)
  })

  it('carries all connections of a run in one session', async () => {
    await using ssh = await SshServer.start({ password: 'open sesame' })
    const input = record('s', { id: 1 }) + streamState('s', { id: 1 })
    const { code, states } = await write(redis, [{ name: 's' }], input, through(ssh, WITH_PASSWORD))
    expect({ code, states: states.length }).toEqual({ code: 0, states: 1 })
    expect(ssh.logins).toBe(1)
    expect(ssh.asked.length).toBeGreaterThan(1)
  })

  it('has TLS within', async () => {
    const authority = new Authority('tests')
    await using secured = await startTlsRedis(authority.issue({ hosts: ['127.0.0.1'] }))
    await using ssh = await SshServer.start({ password: 'open sesame' })
    const tls = {
      ssl: true,
      ssl_mode: { mode: 'verify-full', ca_certificate: authority.certificate },
      port: secured.port,
    }
    const good = await check({ ...through(ssh, WITH_PASSWORD), ...tls })
    expect(good).toMatchObject({ status: 'SUCCEEDED', message: '' })
    const plain = await check({ ...through(ssh, WITH_PASSWORD), ...tls, port: secured.redis.port })
    expect(plain).toMatchObject({ status: 'FAILED', message: expect.stringContaining('[tls-not-supported]') })
  })

  it('shows the key of the host where that is not checked', async () => {
    await using ssh = await SshServer.start({ password: 'open sesame' })
    const hint = expect.objectContaining({ level: 'INFO', message: expect.stringContaining(ssh.fingerprint) })
    expect((await check(through(ssh, WITH_PASSWORD))).logs).toContainEqual(hint)
    const written = await write(redis, [{ name: 's' }], '', through(ssh, WITH_PASSWORD))
    expect(written.logs).toContainEqual(hint)
    const known = { ...WITH_PASSWORD, tunnel_host_key: `${ssh.fingerprint}=` }
    expect((await check(through(ssh, known))).logs).not.toContainEqual(hint)
  })
})

describe('the key of an SSH host', () => {
  it.each(['fingerprint', 'ecdsaFingerprint'] as const)('may be any that it has: %s', async (which) => {
    await using ssh = await SshServer.start({ password: 'open sesame' })
    const { status, message } = await check(through(ssh, { ...WITH_PASSWORD, tunnel_host_key: ssh[which] }))
    expect({ status, message }).toEqual({ status: 'SUCCEEDED', message: '' })
  })

  it.each(['unknown', 'known'])(
    'may not sign with SHA-1 unless that is allowed, also if it is %s',
    async (which) => {
      await using ssh = await SshServer.start({ password: 'open sesame', hasOnlySha1: true })
      const method = { ...WITH_PASSWORD, ...(which === 'known' && { tunnel_host_key: ssh.fingerprint }) }
      const message = await expectFailure(through(ssh, method), 'ssh-host-only-sha1')
      expect(message).toContain('tunnel_method.allow_sha1')
      expect(ssh.logins).toBe(0)
      const allowed = await check(through(ssh, { ...method, allow_sha1: true }))
      expect(allowed).toMatchObject({ status: 'SUCCEEDED', message: '' })
    },
  )

  it('is compared where SHA-1 is allowed, too', async () => {
    await using ssh = await SshServer.start({ password: 'open sesame', hasOnlySha1: true })
    const wrong = { ...WITH_PASSWORD, allow_sha1: true, tunnel_host_key: `SHA256:${'A'.repeat(43)}` }
    expect(await expectFailure(through(ssh, wrong), 'ssh-host-key-differs')).toContain(ssh.fingerprint)
  })
})

describe('a problem with a tunnel has a code', () => {
  let ssh: SshServer

  beforeAll(async () => {
    ssh = await SshServer.start({ password: 'open sesame', keys: [ED25519.public] })
  })

  afterAll(() => ssh[Symbol.asyncDispose]())

  it.each<[string, object, string | RegExp]>([
    ['an unknown host', { tunnel_host: 'no-such-host.invalid' }, /^host-(unknown|lookup-failed)$/],
    ['a user who is not let in', { tunnel_user: 'nobody' }, 'ssh-password-refused'],
    ['a wrong password', { tunnel_user_password: 'wrong' }, 'ssh-password-refused'],
    ['a wrong key', { ...WITH_KEY, ssh_key: OTHER.private }, 'ssh-key-refused'],
    ['an encrypted key', { ...WITH_KEY, ssh_key: LOCKED.private }, 'ssh-key-passphrase-missing'],
    ['a key that is damaged', { ...WITH_KEY, ssh_key: damaged(ED25519.private) }, 'ssh-key-unreadable'],
  ])('%s', async (_, wrong, code) => {
    await expectFailure(through(ssh, { ...WITH_PASSWORD, ...wrong }), code)
  })

  it('no SSH server that listens', async () => {
    const { port } = await claimPort()
    await expectFailure(through(ssh, { ...WITH_PASSWORD, tunnel_port: port }), 'connection-refused')
  })

  it('another server in its place', async () => {
    const wrong = { ...WITH_PASSWORD, tunnel_port: redis.port }
    await expectFailure(through(ssh, wrong), 'not-ssh')
  })

  it('a server that does not answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await expectFailure(through(ssh, { ...WITH_PASSWORD, tunnel_port: port }), 'connection-timeout')
    server.close()
  })

  it('another host key, which is shown, and nothing is sent', async () => {
    const wrong = { ...WITH_PASSWORD, tunnel_host_key: `SHA256:${'A'.repeat(43)}` }
    const before = ssh.logins
    const message = await expectFailure(through(ssh, wrong), 'ssh-host-key-differs')
    expect(message).toContain(ssh.fingerprint)
    expect(message).toContain(ssh.ecdsaFingerprint)
    expect(ssh.logins).toBe(before)
  })

  it('connections that are denied', async () => {
    await using denying = await SshServer.start({ password: 'open sesame', isDenying: true })
    await expectFailure(through(denying, WITH_PASSWORD), 'ssh-forwarding-denied')
  })

  it('a Redis that cannot be reached from the SSH host', async () => {
    const { port } = await claimPort()
    await expectFailure({ ...through(ssh, WITH_PASSWORD), port }, 'ssh-forwarding-failed')
  })
})

function through(ssh: SshServer, method: object): object {
  return { host: '127.0.0.1', port: redis.port, tunnel_method: ssh.options(method) }
}

async function expectFailure(config: object, code: string | RegExp): Promise<string> {
  const { status, message } = await check(config)
  expect(codesIn(message)).toEqual([expect.stringMatching(code)])
  expect(status).toBe('FAILED')
  return message
}

function pemOf(openssh: string): string {
  const key = ssh2.utils.parseKey(openssh)
  if (key instanceof Error) throw key
  return key.getPrivatePEM()
}

function damaged(key: string): string {
  return key.replaceAll(/\n[^-]{40}/g, `\n${'A'.repeat(40)}`)
}
