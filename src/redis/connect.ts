/** Opens one connection to a standalone server: TCP, login, database, name; and learns who it is on the server. */
import { Redis } from 'ioredis'
import type { Socket } from 'node:net'
import type { Connection } from '../config/config.ts'
import { ProtocolError } from './replies.ts'

export type Reply = string | number | null | Buffer | Reply[]

/** How a connection is known on the server; undefined where the server does not tell. */
export interface Identity {
  clientId: number | undefined
  /** Changes whenever the server process does. */
  runId: string | undefined
}

export interface OpenConnection extends AsyncDisposable {
  identity: Identity
  /** Runs one command. */
  call(command: string, ...args: (string | number)[]): Promise<Reply>
  /** Gives up the client: from now on the caller reads and writes the bytes of the socket. */
  takeSocket(): Socket
  /** Cuts the connection; whatever is waiting fails. */
  cut(): void
  /** Resolves with the reason once the connection is gone. */
  readonly gone: Promise<Error>
}

/** Connecting and each step of the login must be answered within this. */
const HANDSHAKE_MS = 10_000

export async function openConnection(
  connection: Connection,
  timeoutMs = HANDSHAKE_MS,
): Promise<OpenConnection> {
  const client = new Redis({
    host: connection.host,
    port: connection.port,
    lazyConnect: true,
    protocol: 2,
    connectTimeout: timeoutMs,
    keepAlive: 10_000,
    disableClientInfo: true,
    // INFO may be denied, and a server that is still loading says so in its own words.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    // Nothing is ever sent again behind our back: a lost connection ends, and another one is opened.
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
  })
  let reason = new Error('the connection was closed')
  client.on('error', (error: Error) => (reason = error))
  const gone = new Promise<Error>((resolve) => client.once('end', () => resolve(reason)))
  const timer = setTimeout(() => {
    reason = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
    client.disconnect()
  }, timeoutMs)
  try {
    await client.connect()
    const call: OpenConnection['call'] = (command, ...args) => client.call(command, ...args) as Promise<Reply>
    return {
      identity: await introduce(call, connection),
      call,
      takeSocket: () => socketOf(client),
      cut: () => client.disconnect(),
      gone,
      [Symbol.asyncDispose]: async () => {
        client.disconnect()
        await gone
      },
    }
  } catch (error) {
    client.disconnect()
    if (isReply(error)) throw error
    const lost = await gone
    // ioredis' parser has no class for it.
    throw lost.message.startsWith('Unknown RESP type') ? new ProtocolError(lost.message) : lost
  } finally {
    clearTimeout(timer)
  }
}

/** Either both or none; what has nothing sent over it is no danger when it is cut. */
export async function openPair(connection: Connection): Promise<[OpenConnection, OpenConnection]> {
  const [control, bulk] = await Promise.allSettled([openConnection(connection), openConnection(connection)])
  if (control.status === 'fulfilled' && bulk.status === 'fulfilled') return [control.value, bulk.value]
  for (const attempt of [control, bulk]) if (attempt.status === 'fulfilled') attempt.value.cut()
  throw control.status === 'rejected' ? control.reason : (bulk as PromiseRejectedResult).reason
}

/** Once logged in, the rest is asked at once, as a far server takes its time for each answer. */
async function introduce(call: OpenConnection['call'], connection: Connection): Promise<Identity> {
  await logIn(call, connection)
  const [clientId, info] = await Promise.all([
    // Managed servers may deny CLIENT or INFO: then the identity stays unknown, which is no reason to fail.
    call('CLIENT', 'ID').catch(ignoreReply),
    call('INFO', 'server').catch(ignoreReply),
    call('CLIENT', 'SETNAME', 'destination-redis').catch(ignoreReply),
    connection.database === 0 ? undefined : call('SELECT', connection.database),
  ])
  return {
    clientId: typeof clientId === 'number' ? clientId : undefined,
    runId: /^run_id:(\S+)/m.exec(String(info))?.[1],
  }
}

async function logIn(call: OpenConnection['call'], { username, password }: Connection): Promise<void> {
  if (username === undefined) {
    if (password !== undefined) await call('AUTH', password)
    return
  }
  try {
    await call('AUTH', username, password ?? '')
  } catch (error) {
    // Before Redis 6 a server has a password and no users.
    if (!isReply(error) || !/wrong number of arguments/.test(error.message)) throw error
    if (password !== undefined) await call('AUTH', password)
  }
}

function ignoreReply(error: unknown): undefined {
  if (!isReply(error)) throw error
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** ioredis puts its parser on the socket when it connects; taken off, the socket is ours, and still ends with it. */
function socketOf(client: Redis): Socket {
  const socket = client.stream
  socket.removeAllListeners('data')
  return socket
}
