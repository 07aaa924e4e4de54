/** Opens one connection to a server: bytes, login, database, name; and learns who it is on the server. */
import { AbstractConnector, Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Address, Connection } from '../../config/settings/config.ts'
import {
  ALL_CAPABILITIES,
  capabilitiesOf,
  guessVersion,
  translate,
  versionIn,
  type Capabilities,
} from '../commands/capabilities.ts'
import { ignoreReplyError, isReplyError } from '../failures/reply-error.ts'
import { ProtocolError } from '../resp/reply-reader.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'

/** How a connection is known on the server; undefined where the server does not tell. */
export interface Identity {
  /** `host:port` of the server. */
  where: string
  clientId: number | undefined
  /** Changes whenever the server process does. */
  runId: string | undefined
}

export interface OpenConnection extends AsyncDisposable {
  identity: Omit<Identity, 'where'>
  /** The features of its server. */
  capabilities: Capabilities
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

const DISCONNECT_MS = 2_000

/** What CLIENT LIST shows. */
const CLIENT_NAME = 'destination-redis'

/** As whom to log in, and where to. */
export type Login = Pick<Connection, 'username' | 'password' | 'database'>

export async function openConnection(
  transport: Transport,
  address: Address,
  login: Login,
  timeoutMs = HANDSHAKE_MS,
): Promise<OpenConnection> {
  const timedOut = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(timedOut), timeoutMs)
  try {
    const socket = await transport.open(address, giveUp.signal)
    const connection = await greet(socket, login, giveUp.signal)
    transport.noteUnderstood(address)
    return connection
  } catch (error) {
    throw await transport.explain(error, address)
  } finally {
    clearTimeout(timer)
  }
}

async function greet(socket: Socket, login: Login, signal: AbortSignal): Promise<OpenConnection> {
  const client = new Redis({
    Connector: connectorOf(socket),
    lazyConnect: true,
    protocol: 2,
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
  const abort = (): void => {
    reason = signal.reason as Error
    // A polite end would wait for the other side, which does not answer.
    socket.destroy()
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
    let capabilities = ALL_CAPABILITIES
    const call: OpenConnection['call'] = (command, ...args) => {
      const [name, translated] = translate(command, args, capabilities)
      return client.call(name, ...translated) as Promise<Reply>
    }
    const introduced = await introduce(call, login)
    capabilities = introduced.capabilities
    return {
      ...introduced,
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
    if (isReplyError(error)) throw error
    const lost = await gone
    // ioredis' parser has no class for it.
    throw lost.message.startsWith('Unknown RESP type') ? new ProtocolError(lost.message) : lost
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Has ioredis use a socket that is open already. */
function connectorOf(socket: Socket) {
  return class extends AbstractConnector {
    constructor() {
      super(DISCONNECT_MS)
    }

    override async connect(): Promise<Socket> {
      this.stream = socket
      return socket
    }
  }
}

/** Either all or none; what has nothing sent over it is no danger when it is cut. */
export async function openAll(open: () => Promise<OpenConnection>, count: number): Promise<OpenConnection[]> {
  const attempts = await Promise.allSettled(Array.from({ length: count }, open))
  const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  if (failed === undefined) return opened
  for (const connection of opened) connection.cut()
  throw failed.reason
}

/** Once logged in, the rest is asked at once, as a far server takes its time for each answer. */
async function introduce(
  call: OpenConnection['call'],
  login: Login,
): Promise<Pick<OpenConnection, 'identity' | 'capabilities'>> {
  await logIn(call, login)
  const [clientId, info] = await Promise.all([
    // Managed servers may deny CLIENT or INFO: then the identity stays unknown, which is no reason to fail.
    call('CLIENT', 'ID').catch(ignoreReplyError),
    call('INFO', 'server').catch(ignoreReplyError),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreReplyError),
    login.database === 0 ? undefined : call('SELECT', login.database),
  ])
  const capabilities = capabilitiesOf(versionIn(String(info)) ?? (await guessVersion(call)))
  const hasClientId = typeof clientId === 'number'
  return {
    capabilities,
    identity: {
      // A server that has CLIENT ID and denies it denies CLIENT LIST, too.
      clientId: hasClientId ? clientId : capabilities.clientId ? undefined : await findClientId(call),
      runId: /^run_id:(\S+)/m.exec(String(info))?.[1],
    },
  }
}

/** Looks for itself in CLIENT LIST, by a name that no other client has. */
async function findClientId(call: OpenConnection['call']): Promise<number | undefined> {
  const name = `${CLIENT_NAME}:${randomUUID()}`
  const [, list] = await Promise.all([
    call('CLIENT', 'SETNAME', name).catch(ignoreReplyError),
    call('CLIENT', 'LIST').catch(ignoreReplyError),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreReplyError),
  ])
  const line = String(list)
    .split('\n')
    .find((client) => client.includes(` name=${name} `))
  const id = /\bid=(\d+)/.exec(line ?? '')?.[1]
  return id === undefined ? undefined : Number(id)
}

async function logIn(call: OpenConnection['call'], { username, password }: Login): Promise<void> {
  if (username === undefined) {
    if (password !== undefined) await call('AUTH', password)
    return
  }
  try {
    await call('AUTH', username, password ?? '')
  } catch (error) {
    // Before Redis 6 a server has a password and no users.
    if (!isReplyError(error) || !/wrong number of arguments/.test(error.message)) throw error
    if (password !== undefined) await call('AUTH', password)
  }
}

/** ioredis puts its parser on the socket when it connects; taken off, the socket is ours, and still ends with it. */
function socketOf(client: Redis): Socket {
  const socket = client.stream
  socket.removeAllListeners('data')
  return socket
}
