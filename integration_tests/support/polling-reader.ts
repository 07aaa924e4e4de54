// A client of Redis beside the one that writes: a process of its own that reads the same keys over and over, and
// remembers every answer that should never have come.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from './write.ts'

export interface NodeResult {
  command: [name: string, key: string, ...args: string[]]
  /**
   * The only answers there may be, as `answer` gives them, in the only order they may come. The last one is what is
   * there in the end.
   */
  stages: string[]
}

export interface Watch extends Server {
  readings: NodeResult[]
}

export interface Findings {
  /** How often everything has been read. */
  rounds: number
  /** What was not as it may be, the first of it. */
  wrong: string[]
  /** Keys whose last answer was not that of the last stage. */
  unfinished: string[]
}

const MISSING = 'null'

/** Any answer as text: what has no order is sorted, fields with their values; an empty one is no key. */
export function answer(command: string, reply: unknown): string {
  if (!Array.isArray(reply)) return JSON.stringify(reply)
  if (reply.length === 0) return MISSING
  const items = reply as string[]
  if (command === 'HGETALL')
    return JSON.stringify(
      items.flatMap((name, at) => (at % 2 === 0 ? [`${name}\n${items[at + 1]}`] : [])).toSorted(),
    )
  // Of a Redis stream what is in the entries: their ids are the server's.
  if (command === 'XRANGE') return JSON.stringify(reply.map((entry: [string, string[]]) => entry[1]))
  return JSON.stringify(command === 'SMEMBERS' ? items.toSorted() : items)
}

export class PollingReader {
  readonly #process: ChildProcess
  /** What it has to tell in the end; rejects if it comes to another end. */
  readonly #findings = Promise.withResolvers<Findings>()
  readonly #waiting: (() => void)[] = []
  #rounds = 0

  static async start(watch: Watch): Promise<PollingReader> {
    const reader = new PollingReader(watch)
    await reader.aRound()
    return reader
  }

  private constructor(watch: Watch) {
    const script = new URL('./polling-loop.ts', import.meta.url)
    this.#process = fork(script, { execArgv: [], serialization: 'advanced' })
    this.#process.once('exit', () => this.#findings.reject(new Error('The reader has ended.')))
    this.#findings.promise.catch(() => {})
    this.#process.on('message', (message: 'round' | Findings) => {
      if (message !== 'round') return this.#findings.resolve(message)
      this.#rounds++
      for (const look of this.#waiting.splice(0)) look()
    })
    this.#process.send(watch)
  }

  /** Resolves when everything has been read once more, from beginning to end. */
  async aRound(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // The round that is under way began earlier.
    const enough = this.#rounds + 2
    const look = (): void => {
      if (this.#rounds >= enough) resolve()
      else this.#waiting.push(look)
    }
    look()
    await Promise.race([promise, this.#findings.promise])
  }

  /** Reads everything once more. */
  async stop(): Promise<Findings> {
    this.#process.send('stop')
    return this.#findings.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}
