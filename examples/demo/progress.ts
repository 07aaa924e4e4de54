// How far the run is, on stderr: one line that is drawn again and again on a terminal, a line now and then
// where the output goes to a file or a log.
import type { State } from '../../integration_tests/support/output-message.ts'
import { formatCount } from './format.ts'
import { recordCount, stateCount } from './records.ts'

const redrawMs = 100
const barWidth = 20

export class Progress {
  records = 0
  readonly states: State[] = []
  readonly #startedAt = performance.now()
  readonly #isTerminal = process.stderr.isTTY
  readonly #timer: NodeJS.Timeout | undefined
  #seconds: number | undefined

  constructor() {
    if (this.#isTerminal) this.#timer = setInterval(() => this.#redraw(), redrawMs)
  }

  /** Counts a state: all records before it are in Redis. */
  acknowledge(state: State): void {
    const quarterBefore = Math.floor((4 * this.records) / recordCount)
    this.states.push(state)
    this.records += state.destinationStats?.recordCount ?? 0
    const isNewQuarter = Math.floor((4 * this.records) / recordCount) > quarterBefore
    if (isNewQuarter && !this.#isTerminal) console.error(this.#line())
  }

  /** Prints a message above the progress line. */
  say(message: string): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K')
    console.error(message)
  }

  end(): void {
    this.#seconds = this.seconds
    clearInterval(this.#timer)
    if (!this.#isTerminal) return
    this.#redraw()
    process.stderr.write('\n')
  }

  get seconds(): number {
    return this.#seconds ?? (performance.now() - this.#startedAt) / 1000
  }

  get recordsPerSecond(): number {
    return Math.round(this.records / this.seconds)
  }

  #redraw(): void {
    // A line that wraps could not be drawn over.
    process.stderr.write(`\r${this.#line().slice(0, process.stderr.columns - 1)}\x1b[K`)
  }

  #line(): string {
    const filled = Math.min(barWidth, Math.floor((barWidth * this.records) / recordCount))
    const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled)
    const records = `${formatCount(this.records)} of ${formatCount(recordCount)} records`
    const states = `${this.states.length}/${stateCount} states`
    return `  ${bar}  ${records} · ${states} · ${formatCount(this.recordsPerSecond)}/s`
  }
}
