import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import ssh2 from 'ssh2'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { sshKeyOf } from './ssh-key.ts'

const { parseKey, generateKeyPairSync: generateSshKeyPair } = ssh2.utils

const ED25519 = ed25519()
const RSA = generateSshKeyPair('rsa', { bits: 2048 })
const LOCKED = ed25519('sesame')
const RSA_KEY = createPrivateKey(pemOf(RSA.private))
const LOCKED_PEM = RSA_KEY.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'sesame',
})

describe('a private key', () => {
  it.each([
    ['ed25519 as OpenSSH keeps it', ED25519.private, undefined, ED25519.public],
    ['ed25519 as PEM', pemOf(ED25519.private), undefined, ED25519.public],
    ['RSA as OpenSSH keeps it', RSA.private, undefined, RSA.public],
    ['RSA as PEM of the old form', pemOf(RSA.private), undefined, RSA.public],
    ['RSA as PEM', RSA_KEY.export({ type: 'pkcs8', format: 'pem' }), undefined, RSA.public],
    ['encrypted by OpenSSH', LOCKED.private, 'sesame', LOCKED.public],
    ['encrypted as PEM', LOCKED_PEM, 'sesame', RSA.public],
  ])('is read: %s', (_, text, passphrase, expected) => {
    const key = parseKey(sshKeyOf(String(text), passphrase, parseKey), passphrase)
    if (key instanceof Error) throw key
    const signature = key.sign('signed')
    expect(publicKey(expected).verify('signed', signature)).toBe(true)
  })

  it.each([
    ['is encrypted', LOCKED.private, undefined, 'ssh-key-passphrase-missing'],
    ['is encrypted', LOCKED_PEM, undefined, 'ssh-key-passphrase-missing'],
    ['has another passphrase', LOCKED.private, 'wrong', 'ssh-key-passphrase-wrong'],
    ['has another passphrase', LOCKED_PEM, 'wrong', 'ssh-key-passphrase-wrong'],
    ['is cut short', ED25519.private.replaceAll(/\n.{20}/g, '\n'), undefined, 'ssh-key-unreadable'],
    ['is cut short', pemOf(RSA.private).replaceAll(/\n.{20}/g, '\n'), undefined, 'ssh-key-unreadable'],
    ['has a type that SSH does not support', x25519(), undefined, 'ssh-key-type-unsupported'],
  ])('is refused when it %s', (_, text, passphrase, code) => {
    const read = (): string => sshKeyOf(String(text), passphrase, parseKey)
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(expect.objectContaining({ problem: expect.objectContaining({ code }) }))
  })
})

/** Makes a key that ssh2 can read, as it sometimes makes one that it cannot. */
function ed25519(passphrase?: string): { private: string; public: string } {
  for (;;) {
    const pair =
      passphrase === undefined
        ? generateSshKeyPair('ed25519')
        : generateSshKeyPair('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 4 })
    if (!(parseKey(pair.private, passphrase) instanceof Error)) return pair
  }
}

function pemOf(openssh: string): string {
  const key = parseKey(openssh)
  if (key instanceof Error) throw key
  return key.getPrivatePEM()
}

function publicKey(text: string) {
  const key = parseKey(text)
  if (key instanceof Error) throw key
  return key
}

function x25519(): string {
  return generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
