// Runs the built program in the process of the tests, which takes a tenth of the time of a process of its own.
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { chunkLoader } from '../../src/chunk-loader.ts'
import type * as program from '../../src/program.ts'
import type { Input } from './feed.ts'

/** As much as one read from a pipe returns. */
const CHUNK_BYTES = 1 << 16

/** Loads what main.js loads, and each chunk only the first time. */
const load = chunkLoader(fileURLToPath(new URL('../../dist', import.meta.url)))
const running = new Set<AbortController>()

/** Resolves when the program would have ended its process. An input that throws rejects. */
export async function runInProcess(
  args: readonly string[],
  input: Input,
): Promise<{ code: number; lines: string[] }> {
  const { runProgram } = load('./program.js') as typeof program
  const printed: Buffer[] = []
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed.push(chunk)
      done()
    },
  })
  const ended = new AbortController()
  let inputFailure: unknown
  const openStdin: program.Surroundings['openStdin'] = async () => (until) =>
    chunksOf(input, until, (error) => {
      inputFailure = error
      ended.abort('SIGKILL')
    })
  const exit = Promise.withResolvers<number>()
  running.add(ended)
  try {
    void runProgram(args, ended.signal, {
      stdout,
      openStdin,
      isKeyboard: () => false,
      // Vitest itself fails a test for an error that nobody catches.
      onUncaught: () => undefined,
      exit: (code = 0) => exit.resolve(code),
    })
    const code = await exit.promise
    if (inputFailure !== undefined) throw inputFailure
    return { code, lines: Buffer.concat(printed).toString().split('\n').slice(0, -1) }
  } finally {
    running.delete(ended)
  }
}

/** Tells every program that is still running to end. */
export function endPrograms(): void {
  for (const ended of running) ended.abort('SIGTERM')
}

/** Hands over chunks in memory that is used again, as standard input does. */
async function* chunksOf(
  input: Input,
  until: AbortSignal,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(CHUNK_BYTES)
  const parts = typeof input === 'string' || input instanceof Uint8Array ? [input] : input
  try {
    for await (const part of parts) {
      const bytes = Buffer.from(part as string)
      for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
        if (until.aborted) return
        const size = bytes.copy(memory, 0, start, start + CHUNK_BYTES)
        yield memory.subarray(0, size)
      }
    }
  } catch (error) {
    onFailure(error)
  }
}
