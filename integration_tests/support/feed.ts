// Writes an input to the stdin of a process, as fast as the process reads it.
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

type Chunk = string | Uint8Array
export type Input = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>

/** Writes the input and ends stdin. A process that stops reading is no error; an input that throws is one. */
export async function feed(stdin: Writable, input: Input): Promise<void> {
  const chunks = typeof input === 'string' || input instanceof Uint8Array ? [input] : input
  try {
    await pipeline(Readable.from(chunks), stdin)
  } catch (error) {
    if (!isBrokenPipe(error)) throw error
  }
}

const brokenPipe = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && brokenPipe.includes(String(error.code))
}
