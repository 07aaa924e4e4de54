/** A connection through an SSH tunnel, with the methods of a socket that TLS and ioredis call. */
import type { ClientChannel } from 'ssh2'
import { Duplex } from 'node:stream'

/** Ends when it is destroyed and when the SSH connection is lost; the channels of ssh2 do neither. */
export class TunnelStream extends Duplex {
  readonly #channel: ClientChannel
  /** ioredis reads this from its socket. */
  readonly connecting = false

  constructor(channel: ClientChannel) {
    super({ allowHalfOpen: false })
    this.#channel = channel
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause()
    })
    channel.once('end', () => this.push(null))
    channel.once('close', () => this.destroy())
    channel.on('error', (error: Error) => this.destroy(error))
  }

  /** The socket of the SSH connection sends without delay, and SSH has a keep-alive of its own. */
  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  override _read(): void {
    this.#channel.resume()
  }

  /** Finishes a chunk when the other side has made room for it, so that no more than its window is in flight. */
  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.close()
    done(error)
  }
}
