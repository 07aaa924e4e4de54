/** Opens one connection to a server: logs in, selects the database, sets a name, and reads how the server identifies it. */
import { AbstractConnector, Redis } from 'ioredis'
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Address } from '../../config/settings/config.ts'
import { ALL_CAPABILITIES, translate, type Capabilities } from '../commands/capabilities.ts'
import { addressText, type Where } from '../transport/address.ts'
import type { ScriptTexts } from '../failures/refused-commands.ts'
import { ResponseTimeout } from './response-timeout.ts'
import { HANDSHAKE_MS, noAnswer, REPLY_MS } from './time-limits.ts'
import { shakeHands, type ClientIdentity, type Login } from './handshake.ts'
import { isReplyError } from '../failures/reply-error.ts'
import { commandName, queuedReplyOf, replyShapeOf } from '../resp/command-replies.ts'
import { CheckedStream } from './checked-stream.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'

/** Identifies a connection among those to all servers. */
export interface Identity extends ClientIdentity {
  readonly where: Where
}

export interface OpenConnection extends AsyncDisposable {
  readonly identity: ClientIdentity
  /** The features of its server. */
  readonly capabilities: Capabilities
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

const DISCONNECT_MS = 2_000

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
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(noAnswer()), handshakeMs)
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
  /** The first one counts; others follow from it. */
  let reason: Error | undefined
  // Ending the socket instead would wait for the other side, which does not answer.
  const destroy = (why: Error): void => {
    reason ??= why
    socket.destroy()
  }
  const stream = new CheckedStream(socket, destroy)
  const client = new Redis({
    Connector: connectorOf(stream),
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
  client.on('error', (error: Error) => (reason ??= error))
  const whyClosed = (): Error => reason ?? new Error('the connection was closed')
  const gone = new Promise<Error>((resolve) => client.once('end', () => resolve(whyClosed())))
  const abort = (): void => destroy(signal.reason as Error)
  const timeout = new ResponseTimeout(limit.where, limit.ms, destroy)
  socket.once('close', () => timeout.end())
  signal.addEventListener('abort', abort, { once: true })
  try {
    await client.connect()
    let capabilities = ALL_CAPABILITIES
    socket.on('data', () => timeout.receivedBytes())
    const scripts = new Map<string, string>()
    let isInTransaction = false
    const expect = (command: string, args: readonly (string | number)[]): void => {
      const name = commandName(command, args[0])
      const shapeOf = isInTransaction && name !== 'EXEC' ? queuedReplyOf : replyShapeOf
      stream.expect({ command: name, shape: shapeOf(name, args.length) })
      if (name === 'MULTI') isInTransaction = true
      if (name === 'EXEC') isInTransaction = false
    }
    const call: OpenConnection['call'] = async (command, ...args) => {
      const [name, translated] = translate(command, args, capabilities)
      if (command === 'EVAL' || command === 'SCRIPT') noteScript(scripts, command, args)
      timeout.expect()
      expect(name, translated)
      try {
        return (await client.call(name, ...translated)) as Reply
      } catch (error) {
        throw isReplyError(error) ? error : whyClosed()
      } finally {
        timeout.received()
      }
    }
    const introduced = await shakeHands(call, login)
    capabilities = introduced.capabilities
    return {
      ...introduced,
      scripts,
      call,
      takeSocket: () => stream.release(),
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

/** Keeps the text of a script, as error replies name its SHA-1 only. */
function noteScript(scripts: Map<string, string>, command: string, args: readonly (string | number)[]): void {
  const text = command === 'EVAL' ? args[0] : args[0] === 'LOAD' ? args[1] : undefined
  if (typeof text === 'string') scripts.set(createHash('sha1').update(text).digest('hex'), text)
}

/** Makes ioredis use a stream that is open already. */
function connectorOf(stream: CheckedStream) {
  // It has every method that ioredis calls on an open socket.
  const opened: unknown = stream
  return class extends AbstractConnector {
    constructor() {
      super(DISCONNECT_MS)
    }

    override async connect(): Promise<Socket> {
      this.stream = opened as Socket
      return this.stream
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
