/** Converts a private key of any common format to one that ssh2 reads. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { ConfigError, optionProblem } from '../../errors.ts'

const KEY = 'tunnel_method.ssh_key'
const PASSPHRASE = 'tunnel_method.ssh_key_passphrase'

/** Parses a key with ssh2, which returns the key or an error. */
type Parse = (text: string, passphrase?: string) => unknown

export function sshKeyOf(text: string, passphrase: string | undefined, parse: Parse): string {
  const key = text.trim()
  if (!key.includes('BEGIN OPENSSH ')) return opensshOrPem(read(key, passphrase))
  const parsed = parse(key, passphrase)
  if (parsed instanceof Error)
    throw unreadable(parsed, /no passphrase given/.test(parsed.message), passphrase)
  return key
}

function read(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (error) {
    const isLocked = passphrase === undefined && pem.includes('ENCRYPTED')
    throw unreadable(error, isLocked, passphrase)
  }
}

function opensshOrPem(key: KeyObject): string {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString()
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString()
    case 'ed25519':
      return openssh(key)
    default:
      throw new ConfigError(
        optionProblem(
          'ssh-key-type-unsupported',
          [KEY],
          `SSH does not support keys of the type ${key.asymmetricKeyType}. Use an ed25519, ECDSA or RSA key`,
          { type: key.asymmetricKeyType ?? '' },
        ),
      )
  }
}

/** Returns an ed25519 key in the format of OpenSSH (PROTOCOL.key in its sources), the only one that ssh2 reads. */
function openssh(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' })
  const point = Buffer.from(x, 'base64url')
  const name = sized('ssh-ed25519')
  const secret = Buffer.concat([
    // Two equal numbers, which would show a wrong passphrase.
    Buffer.alloc(8),
    name,
    sized(point),
    sized(Buffer.concat([Buffer.from(d, 'base64url'), point])),
    sized(''),
  ])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).subarray(0, (8 - (secret.length % 8)) % 8)
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['none', 'none', ''].map(sized),
    Buffer.from([0, 0, 0, 1]),
    sized(Buffer.concat([name, sized(point)])),
    sized(Buffer.concat([secret, padding])),
  ])
  const lines = whole.toString('base64').replaceAll(/.{70}/g, '$&\n')
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----`
}

function sized(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as Buffer)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** Leaves out the reason of the parser, as it may quote the key. */
function unreadable(cause: unknown, isLocked: boolean, passphrase: string | undefined): ConfigError {
  if (isLocked)
    return new ConfigError(
      optionProblem(
        'ssh-key-passphrase-missing',
        [KEY],
        `is encrypted. Set ${PASSPHRASE}, or use a key without a passphrase`,
      ),
      { cause },
    )
  const problem =
    passphrase === undefined
      ? optionProblem(
          'ssh-key-unreadable',
          [KEY],
          'cannot be read. Paste the whole private key, as ssh-keygen writes it or as PEM',
        )
      : optionProblem(
          'ssh-key-passphrase-wrong',
          [PASSPHRASE],
          'does not decrypt tunnel_method.ssh_key. Check the passphrase, and that the whole key is pasted',
        )
  return new ConfigError(problem, { cause })
}
