/**
 * Reads standard input in chunks, into memory that is reused: a chunk is valid until the next one is requested.
 * Nothing is read in between, which applies backpressure to the writer. `signal` ends the input early, without an error.
 * A file is read into the memory that `room` offers, so that its bytes need not be copied.
 */
import { fstatSync, readSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'

/** A read from a pipe returns at most 64 KiB; larger reads from files cost less. */
const PIPE_CHUNK = 1 << 16
const FILE_CHUNK = 1 << 18

/** Returns free memory for the next so many bytes of the input; undefined if there is none. */
export type InputRoom = (size: number) => Uint8Array | undefined

export function readStdin(
  descriptor: number,
  signal: AbortSignal,
  room: InputRoom = () => undefined,
): AsyncIterable<Uint8Array> {
  // Node's own stream waits for a terminal without blocking.
  if (isatty(descriptor)) return process.stdin
  const stats = fstatSync(descriptor)
  return stats.isFIFO() || stats.isSocket()
    ? pipeChunks(descriptor, signal)
    : fileChunks(descriptor, signal, room)
}

/** Reads synchronously: this keeps the data in the cache of this core. */
async function* fileChunks(
  descriptor: number,
  signal: AbortSignal,
  room: InputRoom,
): AsyncGenerator<Uint8Array> {
  const own = Buffer.allocUnsafeSlow(FILE_CHUNK)
  const end = endOf(signal)
  while (!end.isAsked) {
    const chunk = room(FILE_CHUNK) ?? own
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
  const end = endOf(signal)
  const stop = (): unknown => pipe.destroy()
  signal.addEventListener('abort', stop)
  try {
    while (!end.isAsked) {
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

/** Remembers that a signal was aborted: asking a combined signal for each chunk takes some percent of the time for reading it. */
function endOf(signal: AbortSignal): { isAsked: boolean } {
  const end = { isAsked: signal.aborted }
  signal.addEventListener('abort', () => (end.isAsked = true), { once: true })
  return end
}
