/**
 * Stands between a socket and ioredis, which believes whatever it reads: only replies that the commands can have pass.
 * Every other byte closes the connection.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { ReplyReader, type ExpectedReply } from '../resp/reply-reader.ts'

const MINUS = 0x2d

/** Has the methods of a socket that ioredis calls. */
export class CheckedStream extends Duplex {
  readonly #socket: Socket
  readonly #expected: ExpectedReply[] = []
  readonly #reader: ReplyReader
  readonly #violated: (error: Error) => void
  #isUnused = true
  /** ioredis reads this from its socket. */
  readonly connecting = false
  /** An error that came before the first command: some servers refuse connections like this. */
  #early: Buffer | undefined

  /** `violated` is called with the error before the stream is destroyed. */
  constructor(socket: Socket, violated: (error: Error) => void) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.on('error', () => {})
    const answered = (): unknown => this.#expected.shift()
    this.#reader = new ReplyReader({
      expected: () => this.#expected[0],
      one: answered,
      many: answered,
      // A copy, as the bytes are used again for the next reply.
      passed: (bytes) => void this.push(Buffer.from(bytes)),
      isFirst: true,
    })
    this.#violated = violated
    socket.on('data', (chunk: Buffer) => {
      if (this.#isUnused && chunk[0] === MINUS) this.#early = chunk
      else this.#read(chunk)
    })
    socket.once('end', () => this.push(null))
    socket.once('close', () => this.destroy())
    socket.on('error', (error: Error) => this.destroy(error))
  }

  /** Lets one more reply pass, behind those that are already expected. */
  expect(reply: ExpectedReply): void {
    this.#isUnused = false
    this.#expected.push(reply)
    const early = this.#early
    this.#early = undefined
    // ioredis has to know of the command first.
    if (early !== undefined) process.nextTick(() => this.#read(early))
  }

  /** Returns the socket, and reads no more from it. This stream still ends together with it. */
  release(): Socket {
    this.#socket.removeAllListeners('data')
    return this.#socket
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk)
    } catch (error) {
      this.#violated(error as Error)
    }
  }

  /** Replies are as many as commands and are bounded, so the socket is never paused. */
  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  /** Has commands that are sent at the same time leave together. */
  override _writev(chunks: readonly { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
