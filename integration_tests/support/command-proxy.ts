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
) => Promise<unknown> | undefined

export class CommandProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #connections = new Set<ProxiedConnection>()
  #before: BeforeCommand = () => undefined
  #holdsReplies = false

  static async start(target: number): Promise<CommandProxy> {
    const proxy = new CommandProxy(target)
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      const server = connect({ host: this.host, port: target, noDelay: true })
      const connection = new ProxiedConnection(client, server, (words, settled) =>
        this.#before(words, settled),
      )
      if (this.#holdsReplies) connection.holdReplies()
      this.#connections.add(connection)
      client.once('close', () => this.#connections.delete(connection))
    })
    this.#server.listen(0, this.host)
  }

  get port(): number {
    // A listening TCP server has an address, never a path.
    return (this.#server.address() as AddressInfo).port
  }

  /** Runs `step` before each command from now on. */
  beforeEach(step: BeforeCommand): void {
    this.#before = step
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

class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #before: BeforeCommand
  #rest = Buffer.alloc(0)
  #isWorking = false
  #unanswered = 0
  #settled: (() => void)[] = []
  #held: Buffer[] | undefined

  constructor(client: Socket, server: Socket, before: BeforeCommand) {
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
      if (this.#held === undefined) client.write(chunk)
      else this.#held.push(chunk)
      replies.read(chunk)
    })
    client.on('error', () => {}).once('close', () => server.destroy())
    server.on('error', () => {}).once('close', () => client.destroy())
  }

  holdReplies(): void {
    this.#held ??= []
  }

  releaseReplies(): void {
    for (const chunk of this.#held ?? []) this.#client.write(chunk)
    this.#held = undefined
  }

  cut(): void {
    this.#held = undefined
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  async #forward(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    for (let command = commandIn(this.#rest); command !== undefined; command = commandIn(this.#rest)) {
      const waiting = this.#before(command.words, () => this.#whenSettled())
      if (waiting !== undefined) await waiting
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
