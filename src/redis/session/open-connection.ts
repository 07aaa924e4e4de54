/** Opens one connection to a server: logs in, selects the database, sets a name, and reads how the server identifies it. */
import { AbstractConnector, Redis } from 'ioredis'
import { createHash, randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Address, Connection } from '../../config/settings/config.ts'
import { guessVersion, isOlder, speakTo, versionIn, worded, type Version } from '../commands/capabilities.ts'
import { OLDER_SCRIPTS } from '../commands/fallback-scripts.ts'
import { addressText, type Where } from '../transport/address.ts'
import type { ScriptTexts } from '../failures/refused-commands.ts'
import { REPLY_MS, ResponseTimeout } from './response-timeout.ts'
import { classifyReply } from '../failures/error-classifier.ts'
import { isReplyError } from '../failures/reply-error.ts'
import { ProtocolError } from '../resp/reply-reader.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'

/** Identifies a connection on its server; undefined where the server does not say. */
export interface Identity {
  /** `host:port` of the server. */
  where: string
  clientId: number | undefined
  /** Changes whenever the server process does. */
  runId: string | undefined
}

export interface OpenConnection extends AsyncDisposable {
  identity: Omit<Identity, 'where'>
  /** The scripts that were sent over it. */
  readonly scripts: ScriptTexts
  /** Runs one command. The connection is closed when the reply takes too long. */
  call(command: string, ...args: (string | number)[]): Promise<Reply>
  /** Hands the socket over: from now on the caller reads and writes its bytes, and limits the time for replies. */
  takeSocket(): Socket
  /** Closes the connection; commands without a reply fail. */
  cut(): void
  /** Resolves with the reason once the connection is closed. */
  readonly gone: Promise<Error>
}

/** Connecting and logging in together may take so long. */
const HANDSHAKE_MS = 10_000

const DISCONNECT_MS = 2_000

/** The name in CLIENT LIST. */
const CLIENT_NAME = 'destination-redis'

/** The user and the database of a connection. */
export type Login = Pick<Connection, 'username' | 'password' | 'database'>

export interface TimeLimits {
  /** For connecting and logging in together. */
  readonly handshakeMs?: number
  /** For the reply to each command after that. */
  readonly replyMs?: number
}

export async function openConnection(
  transport: Transport,
  address: Address,
  login: Login,
  { handshakeMs = HANDSHAKE_MS, replyMs = REPLY_MS }: TimeLimits = {},
): Promise<OpenConnection> {
  const timedOut = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(timedOut), handshakeMs)
  try {
    const socket = await transport.open(address, giveUp.signal)
    const limit = { where: addressText(address), ms: replyMs }
    const connection = await greet(socket, login, limit, giveUp.signal)
    transport.noteReached(address)
    return connection
  } catch (error) {
    throw await transport.explain(error, address)
  } finally {
    clearTimeout(timer)
  }
}

async function greet(
  socket: Socket,
  login: Login,
  limit: { where: Where; ms: number },
  signal: AbortSignal,
): Promise<OpenConnection> {
  const client = new Redis({
    Connector: connectorOf(socket),
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    // INFO may be denied, and a server that is still loading reports that itself.
    enableReadyCheck: false,
    enableOfflineQueue: false,
    // A lost connection ends and another one is opened, so that no command is sent again without our knowledge.
    retryStrategy: () => null,
    maxRetriesPerRequest: null,
  })
  let reason = new Error('the connection was closed')
  client.on('error', (error: Error) => (reason = asProtocolError(error)))
  const gone = new Promise<Error>((resolve) => client.once('end', () => resolve(reason)))
  // Ending the socket instead would wait for the other side, which does not answer.
  const destroy = (why: Error): void => {
    reason = why
    socket.destroy()
  }
  const abort = (): void => destroy(signal.reason as Error)
  const timeout = new ResponseTimeout(limit.where, limit.ms, destroy)
  socket.once('close', () => timeout.end())
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
    socket.on('data', () => timeout.progress())
    const scripts = new Map<string, string>()
    const call: OpenConnection['call'] = async (command, ...args) => {
      const [word, its] = worded(command, args)
      if (command === 'EVAL' || command === 'SCRIPT') noteScript(scripts, command, args)
      timeout.expect()
      try {
        return (await client.call(word, ...its)) as Reply
      } catch (error) {
        throw isReplyError(error) ? error : reason
      } finally {
        timeout.received()
      }
    }
    return {
      identity: await introduce(call, login),
      scripts,
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
    throw isReplyError(error) ? error : await gone
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Returns a ProtocolError for the error of ioredis' parser, which has no class of its own. */
function asProtocolError(error: Error): Error {
  return error.message.startsWith('Unknown RESP type') ? new ProtocolError(error.message) : error
}

/** Keeps the text of a script, as error replies name its SHA-1 only. */
function noteScript(scripts: Map<string, string>, command: string, args: readonly (string | number)[]): void {
  const text = command === 'EVAL' ? args[0] : args[0] === 'LOAD' ? args[1] : undefined
  if (typeof text === 'string') scripts.set(createHash('sha1').update(text).digest('hex'), text)
}

/** Makes ioredis use a socket that is open already. */
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

/** Opens all of the connections, or none. */
export async function openAll(opens: readonly (() => Promise<OpenConnection>)[]): Promise<OpenConnection[]> {
  const attempts = await Promise.allSettled(opens.map((open) => open()))
  const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  const failed = attempts.find((attempt) => attempt.status === 'rejected')
  if (failed === undefined) return opened
  for (const connection of opened) connection.cut()
  throw failed.reason
}

/** Logs in, and asks everything else at once, as each round trip to a distant server takes time. */
async function introduce(call: OpenConnection['call'], login: Login): Promise<Omit<Identity, 'where'>> {
  await logIn(call, login)
  const [clientId, info] = await Promise.all([
    // Managed servers may deny CLIENT or INFO: then the identity stays unknown, and the connection works all the same.
    call('CLIENT', 'ID').catch(ignoreDenial),
    call('INFO', 'server').catch(ignoreDenial),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreDenial),
    login.database === 0 ? undefined : call('SELECT', login.database),
  ])
  const version = versionIn(String(info)) ?? (await guessVersion(call))
  speakTo(version)
  if (isOlder(version, WITHOUT_SCRIPTS))
    await Promise.all(OLDER_SCRIPTS.map(({ text }) => call('SCRIPT', 'LOAD', text).catch(ignoreDenial)))
  return {
    clientId: typeof clientId === 'number' ? clientId : await findClientId(call, version),
    runId: /^run_id:(\S+)/m.exec(String(info))?.[1],
  }
}

/** Older servers need scripts in place of some options. */
const WITHOUT_SCRIPTS: Version = [6, 2, 0]

/** CLIENT ID exists since Redis 5; in older servers a connection looks itself up in CLIENT LIST. */
const WITH_CLIENT_ID: Version = [5, 0, 0]

/** Finds this connection in CLIENT LIST by a name that no other client has. */
async function findClientId(call: OpenConnection['call'], version: Version): Promise<number | undefined> {
  if (!isOlder(version, WITH_CLIENT_ID)) return undefined
  const name = `${CLIENT_NAME}:${randomUUID()}`
  const [, list] = await Promise.all([
    call('CLIENT', 'SETNAME', name).catch(ignoreDenial),
    call('CLIENT', 'LIST').catch(ignoreDenial),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreDenial),
  ])
  const line = String(list)
    .split('\n')
    .find((client) => client.includes(` name=${name} `))
  const id = /\bid=(\d+)/.exec(line ?? '')?.[1]
  return id === undefined ? undefined : Number(id)
}

/** Ignores that a command is denied or missing. A server that refuses all commands for now is connected to again later. */
function ignoreDenial(error: unknown): undefined {
  if (!isReplyError(error) || classifyReply(error.message, '').handling === 'retry') throw error
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

/** Returns the socket without ioredis' parser. The client still ends together with it. */
function socketOf(client: Redis): Socket {
  const socket = client.stream
  socket.removeAllListeners('data')
  return socket
}
