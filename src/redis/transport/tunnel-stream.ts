/** A connection through an SSH tunnel, as a stream that can stand where a socket does. */
import type { ClientChannel } from 'ssh2'
import { Duplex } from 'node:stream'

/** The channels of ssh2 do not end when they are destroyed, nor when their session is lost; this does. */
export class TunnelStream extends Duplex {
  readonly #channel: ClientChannel
  /** Clients ask this of the socket that they are given. */
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

  /** The session's socket sends without delay, and the session itself asks whether the other side is there. */
  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  override _read(): void {
    this.#channel.resume()
  }

  /** A chunk is done when the other side has made room for it, so that no more than its window is ever under way. */
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
