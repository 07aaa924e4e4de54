/**
 * Reads a descriptor in chunks, into memory that is used again and again: a chunk holds until the next one is asked
 * for. Nothing is read while nobody asks, which holds up whoever writes. Ends early, without an error, on `signal`.
 */
import { fstatSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'

/** Pipes give 64 KiB at a time; files may give more, and fewer reads cost less. */
const PIPE_CHUNK = 1 << 16
const FILE_CHUNK = 1 << 18

export function readChunks(descriptor: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  // Somebody types: Node's own stream waits for them without holding anything up.
  if (isatty(descriptor)) return process.stdin
  const stats = fstatSync(descriptor)
  return stats.isFIFO() || stats.isSocket() ? pipeChunks(descriptor, signal) : fileChunks(descriptor, signal)
}

/** Reads at once, not through Node's threads: what another core has read is further away from this one. */
async function* fileChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.allocUnsafeSlow(FILE_CHUNK)
  while (!signal.aborted) {
    const size = readSync(descriptor, chunk, 0, FILE_CHUNK, null)
    if (size === 0) return
    yield chunk.subarray(0, size)
    // A file always has more, and replies and timers have to have their turn.
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
        // Stops the reading until the chunk has been taken.
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
