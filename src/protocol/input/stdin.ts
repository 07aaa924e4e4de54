/**
 * Reads standard input in chunks, into memory that is reused: a chunk is valid until the next one is requested.
 * Nothing is read in between, which applies backpressure to the writer. `signal` ends the input early, without an error.
 */
import { fstatSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'

/** A read from a pipe returns at most 64 KiB; larger reads from files cost less. */
const PIPE_CHUNK = 1 << 16
const FILE_CHUNK = 1 << 18

export function readStdin(descriptor: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  // Node's own stream waits for a terminal without blocking.
  if (isatty(descriptor)) return process.stdin
  const stats = fstatSync(descriptor)
  return stats.isFIFO() || stats.isSocket() ? pipeChunks(descriptor, signal) : fileChunks(descriptor, signal)
}

/** Reads synchronously: this keeps the data in the cache of this core. */
async function* fileChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(FILE_CHUNK)
  while (!signal.aborted) {
    const size = readSync(descriptor, chunk, 0, FILE_CHUNK, null)
    if (size === 0) return
    yield chunk.subarray(0, size)
    // A file is always readable, so replies and timers need a turn in between.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function* pipeChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(PIPE_CHUNK)
  let arrived = Promise.withResolvers<number>()
  const pipe = new Socket({
    fd: descriptor,
    readable: true,
    writable: false,
    onread: {
      buffer,
      callback: (size) => {
        arrived.resolve(size)
        // Stops reading until the next chunk is requested.
        return false
      },
    },
  })
  pipe.once('end', () => arrived.resolve(0))
  pipe.once('close', () => arrived.resolve(0))
  pipe.once('error', (error) => arrived.reject(error))
  const stop = (): unknown => pipe.destroy()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      pipe.resume()
      const size = await arrived.promise
      if (size === 0) return
      arrived = Promise.withResolvers<number>()
      yield buffer.subarray(0, size)
    }
  } finally {
    signal.removeEventListener('abort', stop)
    pipe.destroy()
  }
}
