/**
 * Reads a descriptor in chunks, into memory that is used again and again: a chunk holds until the next one is asked
 * for. Nothing is read while nobody asks, which holds up whoever writes. Ends early, without an error, on `signal`.
 */
import { fstatSync } from 'node:fs'
import { read } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

const readInto = promisify(read)

/** Pipes give 64 KiB at a time; files may give more, and fewer reads cost less. */
const PIPE_CHUNK = 1 << 16
const FILE_CHUNK = 1 << 18

export function readChunks(descriptor: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stats = fstatSync(descriptor)
  return stats.isFIFO() || stats.isSocket() ? pipeChunks(descriptor, signal) : fileChunks(descriptor, signal)
}

async function* fileChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // One is filled while the other is being worked on.
  let chunk = Buffer.allocUnsafe(FILE_CHUNK)
  let ahead = Buffer.allocUnsafe(FILE_CHUNK)
  let reading = readInto(descriptor, ahead, 0, FILE_CHUNK, null)
  while (!signal.aborted) {
    const { bytesRead } = await reading
    if (bytesRead === 0) return
    ;[chunk, ahead] = [ahead, chunk]
    reading = readInto(descriptor, ahead, 0, FILE_CHUNK, null)
    reading.catch(() => {})
    yield chunk.subarray(0, bytesRead)
  }
}

async function* pipeChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(PIPE_CHUNK)
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
