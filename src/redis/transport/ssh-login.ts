/** Logs in to an SSH host: connects, checks its host key, and authenticates. */
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import { createHash } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import type { TunnelSettings } from '../../config/settings/config.ts'
import { TransientError } from '../../errors.ts'
import { addressText } from './address.ts'
import { waitForOpen } from './wait-for-open.ts'
import { sshKeyOf } from './ssh-key.ts'
import { loginProblem, unanswered, unreachable, wrongHostKey, type HostKey } from './tunnel-problem.ts'

export interface SshSession {
  readonly client: Client
  /** The TCP connection of the client. */
  readonly socket: Socket
  /** The fingerprint of the host key. */
  readonly fingerprint: string
}

/** A keepalive is sent this often; after three without a reply the connection counts as lost. */
const KEEP_ALIVE_MS = 10_000
const KEEP_ALIVE_COUNT = 3

/** The kinds of host keys, each with its algorithms. A host usually has one key of each kind. */
const KEY_KINDS: readonly ServerHostKeyAlgorithm[][] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
]

/** Signs with an RSA key and SHA-1, which others can forge. */
const SHA1: ServerHostKeyAlgorithm = 'ssh-rsa'

/** Enough to recognise the protocol of the server, and to see its algorithms. */
const HEARD_BYTES = 4_096

/** Logs in; rejects, with everything closed, when that fails or `signal` is aborted. */
export async function logIn(tunnel: TunnelSettings, signal: AbortSignal): Promise<SshSession> {
  const { default: ssh2 } = await import('ssh2')
  const credentials = credentialsOf(tunnel.credential, ssh2.utils.parseKey)
  const seen: HostKey[] = []
  for (;;) {
    const seenBefore = seen.length
    const client = new ssh2.Client()
    const config: ConnectConfig = {
      ...credentials,
      username: tunnel.user,
      keepaliveInterval: KEEP_ALIVE_MS,
      keepaliveCountMax: KEEP_ALIVE_COUNT,
      readyTimeout: 0,
      hostVerifier: (key: Buffer) => {
        seen.push(hostKeyOf(key))
        return tunnel.hostKey === undefined || seen.at(-1)!.fingerprint === tunnel.hostKey
      },
    }
    config.algorithms = { serverHostKey: algorithmsBeside(seen, tunnel) }
    // Some hosts ask for the password interactively.
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => credentials.password ?? '')),
    )
    try {
      const socket = await shakeHands(client, config, tunnel, signal)
      return { client, socket, fingerprint: seen.at(-1)!.fingerprint }
    } catch (error) {
      const isOther = tunnel.hostKey !== undefined && seen.at(-1)?.fingerprint !== tunnel.hostKey
      if (!isOther || signal.aborted) throw error
      // The fingerprint may be that of another key of the host, so these are requested, too.
      if (seen.length > seenBefore && seen.length < KEY_KINDS.length) continue
      const hasShownAll = seen.length > 0 && hasNoOther(error)
      if (seen.length > seenBefore || hasShownAll) throw wrongHostKey(seen, addressText(tunnel))
      throw error
    }
  }
}

function credentialsOf(
  credential: TunnelSettings['credential'],
  parse: Parameters<typeof sshKeyOf>[2],
): ConnectConfig {
  if ('password' in credential) return { password: credential.password, tryKeyboard: true }
  const { key, passphrase } = credential
  return {
    privateKey: sshKeyOf(key, passphrase, parse),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

/** Returns the algorithms for host keys of the kinds that have not been seen. */
function algorithmsBeside(seen: readonly HostKey[], { allowSha1 }: TunnelSettings): ServerHostKeyAlgorithm[] {
  const kinds = allowSha1 ? KEY_KINDS.map((names) => (isRsa(names) ? [...names, SHA1] : names)) : KEY_KINDS
  // An RSA key has the name of its oldest algorithm.
  const isSeen = (names: readonly ServerHostKeyAlgorithm[]): boolean =>
    seen.some(({ algorithm }) =>
      algorithm === SHA1 ? isRsa(names) : names.some((name) => name === algorithm),
    )
  return kinds.filter((names) => !isSeen(names)).flat()
}

function isRsa(names: readonly ServerHostKeyAlgorithm[]): boolean {
  return names.includes('rsa-sha2-512')
}

async function shakeHands(
  client: Client,
  config: ConnectConfig,
  tunnel: TunnelSettings,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = tunnel
  const where = addressText(tunnel)
  const socket = await waitForOpen(createConnection({ host, port }), 'connect', signal).catch(
    (error: unknown) => {
      throw signal.aborted ? new TransientError(unanswered(where)) : unreachable(error, where)
    },
  )
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const close = (): void => reject(new Error('the connection was closed'))
  const abort = (): void => reject(new TransientError(unanswered(where)))
  let heard = ''
  const hear = (chunk: Buffer): void => {
    if (heard.length < HEARD_BYTES) heard += chunk.toString('latin1')
  }
  signal.addEventListener('abort', abort, { once: true })
  // Later errors close the connection, which Tunnel listens for.
  client.on('error', reject)
  client.once('ready', resolve)
  socket.once('close', close)
  try {
    client.connect({ ...config, sock: socket })
    socket.on('data', hear)
    await promise
    return socket
  } catch (error) {
    socket.destroy()
    throw loginProblem(error, heard, where, tunnel)
  } finally {
    socket.off('close', close).off('data', hear)
    signal.removeEventListener('abort', abort)
  }
}

/** Returns whether the host has no key of the kinds that were left. */
function hasNoOther(error: unknown): boolean {
  return /no matching host key/.test(String((error as Error).cause ?? error))
}

/** Returns the fingerprint as OpenSSH prints it. A key begins with the length and the name of its algorithm. */
function hostKeyOf(key: Buffer): HostKey {
  const digest = createHash('sha256').update(key).digest('base64')
  return {
    fingerprint: `SHA256:${digest.replace(/=$/, '')}`,
    algorithm: key.toString('latin1', 4, 4 + key.readUInt32BE(0)),
  }
}
