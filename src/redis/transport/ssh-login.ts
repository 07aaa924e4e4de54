/** Logs in to an SSH host: connects, has a look at its key, and shows ours. */
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import { createHash } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import type { TunnelSettings } from '../../config/settings/config.ts'
import { TransientError } from '../../errors.ts'
import { addressText } from './address.ts'
import { opened } from './wait-for-open.ts'
import { sshKeyOf } from './ssh-key.ts'
import { loginProblem, silent, unreachable, wrongHostKey, type HostKey } from './tunnel-problems.ts'

export interface Login {
  readonly client: Client
  /** What the client runs over. */
  readonly socket: Socket
  /** Of the host's key. */
  readonly fingerprint: string
}

/** How often the host is asked whether it is still there; after three questions without an answer it is not. */
const KEEP_ALIVE_MS = 10_000
const KEEP_ALIVE_COUNT = 3

/** What host keys are asked for by. A host has one of each sort, as a rule. */
const SORTS: readonly ServerHostKeyAlgorithm[][] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
]

/** As much as is needed to tell what speaks there. */
const HEARD_BYTES = 1_024

/** Rejects, with everything closed, when it fails or `signal` is aborted. */
export async function logIn(tunnel: TunnelSettings, signal: AbortSignal): Promise<Login> {
  const { default: ssh2 } = await import('ssh2')
  const credentials = credentialsOf(tunnel.credential, ssh2.utils.parseKey)
  const seen: HostKey[] = []
  for (;;) {
    const known = seen.length
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
    if (known > 0) config.algorithms = { serverHostKey: without(seen) }
    // Some hosts ask for the password in a dialogue.
    client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) =>
      finish(prompts.map(() => credentials.password ?? '')),
    )
    try {
      const socket = await shakeHands(client, config, tunnel, signal)
      return { client, socket, fingerprint: seen.at(-1)!.fingerprint }
    } catch (error) {
      const isOther = tunnel.hostKey !== undefined && seen.at(-1)?.fingerprint !== tunnel.hostKey
      if (!isOther || signal.aborted) throw error
      // The fingerprint may be that of another of its keys, so it is asked for those, too.
      if (seen.length > known && seen.length < SORTS.length) continue
      if (seen.length > known || hasNoOther(error)) throw wrongHostKey(seen, addressText(tunnel))
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

/** What is left to ask for of a host that has shown these. */
function without(seen: readonly HostKey[]): ServerHostKeyAlgorithm[] {
  const shown = seen.map(({ sort }) => SORTS.find((names) => names.some((name) => name === sort)))
  return SORTS.filter((names) => !shown.includes(names)).flat()
}

async function shakeHands(
  client: Client,
  config: ConnectConfig,
  tunnel: TunnelSettings,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = tunnel
  const where = addressText(tunnel)
  const socket = await opened(createConnection({ host, port }), 'connect', signal).catch((error: unknown) => {
    throw signal.aborted ? new TransientError(silent(where)) : unreachable(error, where)
  })
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const close = (): void => reject(new Error('the connection was closed'))
  const abort = (): void => reject(new TransientError(silent(where)))
  let heard = ''
  const hear = (chunk: Buffer): void => {
    if (heard.length < HEARD_BYTES) heard += chunk.toString('latin1')
  }
  signal.addEventListener('abort', abort, { once: true })
  // Later errors end the connection, too, which is what is waited for.
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

function hasNoOther(error: unknown): boolean {
  return /no matching host key/.test(String((error as Error).cause ?? error))
}

/** Its fingerprint is as OpenSSH shows it; a key begins with the name of its sort, and before that the length of it. */
function hostKeyOf(key: Buffer): HostKey {
  const digest = createHash('sha256').update(key).digest('base64')
  return {
    fingerprint: `SHA256:${digest.replace(/=$/, '')}`,
    sort: key.toString('latin1', 4, 4 + key.readUInt32BE(0)),
  }
}
