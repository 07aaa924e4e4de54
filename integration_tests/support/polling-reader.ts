// Reads the same keys again and again from a process of its own while a connector writes them, and records every reply
// that must not occur.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from './write.ts'

export interface NodeResult {
  command: [name: string, key: string, ...args: string[]]
  /**
   * The allowed replies in their order, in the form of `answer`. The last one is the final content.
   */
  stages: string[]
}

export interface Watch extends Server {
  readings: NodeResult[]
}

export interface Findings {
  /** How often all keys have been read. */
  rounds: number
  /** Descriptions of the first replies that are not allowed. */
  wrong: string[]
  /** Keys whose last reply was not that of the last stage. */
  unfinished: string[]
}

const MISSING = 'null'

/**
 * Returns a reply as text. Replies without an order are sorted, fields with their values; an empty reply means no
 * key.
 */
export function answer(command: string, reply: unknown): string {
  if (!Array.isArray(reply)) return JSON.stringify(reply)
  if (reply.length === 0) return MISSING
  const items = reply as string[]
  if (command === 'HGETALL')
    return JSON.stringify(
      items.flatMap((name, at) => (at % 2 === 0 ? [`${name}\n${items[at + 1]}`] : [])).toSorted(),
    )
  // The server makes the ids of stream entries, so they are left out.
  if (command === 'XRANGE') return JSON.stringify(reply.map((entry: [string, string[]]) => entry[1]))
  return JSON.stringify(command === 'SMEMBERS' ? items.toSorted() : items)
}

export class PollingReader {
  readonly #process: ChildProcess
  /** Resolves with the findings at the end; rejects if the process ends otherwise. */
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

  /** Resolves when all keys have been read once more. */
  async aRound(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    // The current round began earlier, so it does not count.
    const enough = this.#rounds + 2
    const look = (): void => {
      if (this.#rounds >= enough) resolve()
      else this.#waiting.push(look)
    }
    look()
    await Promise.race([promise, this.#findings.promise])
  }

  /** Reads all keys once more, then returns the findings. */
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
