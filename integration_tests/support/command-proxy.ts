// A proxy on loopback that stops between two commands. Before each command of a connection it runs a step of the test;
// while that runs, nothing more of the connection reaches Redis, and everything before it has been answered there.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ReplyReader } from '../../src/redis/resp/reply-reader.ts'
import { ANY } from '../../src/redis/resp/reply-shape.ts'

/** Runs before a command. `settled` resolves when Redis has answered all commands before it. */
export type BeforeCommand = (
  words: readonly string[],
  settled: () => Promise<void>,
  connection: ProxiedConnection,
) => Promise<unknown> | undefined

export class CommandProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #connections = new Set<ProxiedConnection>()
  #before: BeforeCommand = () => undefined
  #holdsReplies = false
  #change = (reply: Buffer): Buffer => reply

  /** `target`: the port of the server, or how it follows from the port that the first line of a client names. */
  static async start(target: number | ((named: number) => number)): Promise<CommandProxy> {
    const proxy = new CommandProxy(target)
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: number | ((named: number) => number)) {
    this.#server = createServer({ noDelay: true }, (client) => {
      client.on('error', () => {})
      if (typeof target === 'number') return this.#open(client, target)
      portNamedBy(client).then(
        (port) => this.#open(client, target(port)),
        () => client.destroy(),
      )
    })
    this.#server.listen(0, this.host)
  }

  #open(client: Socket, port: number): void {
    const server = connect({ host: this.host, port, noDelay: true })
    const connection = new ProxiedConnection(client, server, port, {
      before: (...args) => this.#before(...args),
      change: (reply) => this.#change(reply),
    })
    if (this.#holdsReplies) connection.holdReplies()
    this.#connections.add(connection)
    client.once('close', () => this.#connections.delete(connection))
    client.resume()
  }

  get port(): number {
    // A listening TCP server has an address, never a path.
    return (this.#server.address() as AddressInfo).port
  }

  /** Runs `step` before each command from now on. */
  beforeEach(step: BeforeCommand): void {
    this.#before = step
  }

  /** Has servers look like another major version of Redis. */
  pretendVersion(major: number): void {
    this.#change = (reply) =>
      Buffer.from(reply.toString('latin1').replace(/redis_version:\d/, `redis_version:${major}`), 'latin1')
  }

  /** Keeps replies back, so that the client goes on sending. */
  holdReplies(): void {
    this.#holdsReplies = true
    for (const connection of this.#connections) connection.holdReplies()
  }

  releaseReplies(): void {
    this.#holdsReplies = false
    for (const connection of this.#connections) connection.releaseReplies()
  }

  /** Resets every connection once; replies that were kept back are lost. */
  cut(): void {
    this.#holdsReplies = false
    for (const connection of this.#connections) connection.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}

export class ProxiedConnection {
  /** The port of the server. */
  readonly port: number
  readonly #client: Socket
  readonly #server: Socket
  readonly #before: BeforeCommand
  #rest = Buffer.alloc(0)
  #isWorking = false
  #unanswered = 0
  #settled: (() => void)[] = []
  #held: Buffer[] | undefined
  #losesReplies = false
  #hasStopped = false

  constructor(
    client: Socket,
    server: Socket,
    port: number,
    { before, change }: { before: BeforeCommand; change: (reply: Buffer) => Buffer },
  ) {
    this.port = port
    this.#client = client
    this.#server = server
    this.#before = before
    const answered = (): void => {
      this.#unanswered--
      if (this.#unanswered <= 0) for (const resolve of this.#settled.splice(0)) resolve()
    }
    const replies = new ReplyReader({
      expected: () => ({ command: '', shape: ANY }),
      one: answered,
      many: answered,
    })
    client.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      void this.#forward()
    })
    server.on('data', (chunk: Buffer) => {
      if (this.#held !== undefined) this.#held.push(change(chunk))
      else if (!this.#losesReplies) client.write(change(chunk))
      replies.read(chunk)
    })
    client.once('close', () => server.destroy())
    server.on('error', () => {}).once('close', () => client.destroy())
  }

  holdReplies(): void {
    this.#held ??= []
  }

  releaseReplies(): void {
    for (const chunk of this.#held ?? []) this.#client.write(chunk)
    this.#held = undefined
  }

  /** Loses all replies from now on; the connection stays open, and Redis runs what is sent. */
  loseReplies(): void {
    this.#losesReplies = true
  }

  /** Moves no bytes any more; the connection stays open. */
  stopReading(): void {
    this.#client.pause()
    this.loseReplies()
    this.#hasStopped = true
  }

  cut(): void {
    this.#held = undefined
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  async #forward(): Promise<void> {
    if (this.#isWorking || this.#hasStopped) return
    this.#isWorking = true
    for (let command = commandIn(this.#rest); command !== undefined; command = commandIn(this.#rest)) {
      const waiting = this.#before(command.words, () => this.#whenSettled(), this)
      if (waiting !== undefined) await waiting
      if (this.#hasStopped) return
      if (this.#server.destroyed) break
      this.#unanswered++
      this.#server.write(this.#rest.subarray(0, command.end))
      this.#rest = this.#rest.subarray(command.end)
    }
    this.#isWorking = false
  }

  #whenSettled(): Promise<void> {
    if (this.#unanswered <= 0 || this.#server.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#settled.push(resolve)
      this.#server.once('close', () => resolve())
    })
  }
}

/** Returns the port in the first line of a client; what follows is kept. */
async function portNamedBy(client: Socket): Promise<number> {
  const [chunk] = (await once(client, 'data')) as [Buffer]
  client.pause()
  const end = chunk.indexOf('\n')
  client.unshift(chunk.subarray(end + 1))
  return Number(chunk.toString('latin1', 0, end))
}

/** Returns the first command of these bytes; undefined if it is not complete. */
function commandIn(bytes: Buffer): { words: string[]; end: number } | undefined {
  let feed = bytes.indexOf('\n')
  if (feed === -1) return undefined
  let at = feed + 1
  const words: string[] = []
  for (let left = Number(bytes.toString('latin1', 1, feed - 1)); left > 0; left--) {
    feed = bytes.indexOf('\n', at)
    if (feed === -1) return undefined
    const size = Number(bytes.toString('latin1', at + 1, feed - 1))
    words.push(bytes.toString('utf8', feed + 1, Math.min(feed + 1 + size, bytes.length)))
    at = feed + 1 + size + 2
  }
  return at <= bytes.length ? { words, end: at } : undefined
}
