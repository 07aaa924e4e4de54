// Puts an input of any form into a process' stdin, as fast as the process takes it and no faster.
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

type Chunk = string | Uint8Array
export type Input = Chunk | Iterable<Chunk> | AsyncIterable<Chunk>

/** Ends stdin after the input. A process that stops reading is no error here; an input that throws is. */
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
