/** Shows messages as plain text, with one live line about the run. It stands in for the standard output of a pipe. */
import { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { monotonicMs } from '../../clock.ts'
import { progressLine, type RunSnapshot } from './progress-line.ts'
import { runTable } from './run-table.ts'

const REDRAW_EVERY_MS = 200

/** Moves to the start of the line and erases it. */
const ERASE_LINE = '\r\u001b[2K'

type Colour = 'red' | 'yellow' | 'green' | 'dim'

/** The parts of Airbyte's messages that are shown. */
interface ShownMessage {
  type: string
  spec?: unknown
  log?: { level: string; message: string }
  connectionStatus?: { status: string; message?: string }
  trace?: { error?: { message: string } }
}

type Terminal = Pick<Writable, 'write'> & Partial<Pick<WriteStream, 'columns'>>

export class TerminalView extends Writable {
  readonly #terminal: Terminal
  readonly #hasColours: boolean
  readonly #isLive: boolean
  readonly #startedAt = monotonicMs()
  #states = 0
  #read: (() => RunSnapshot) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: Terminal, { NO_COLOR, TERM, CI }: Record<string, string | undefined>) {
    super({ decodeStrings: false })
    this.#terminal = terminal
    this.#isLive = TERM !== 'dumb'
    this.#hasColours = this.#isLive && !NO_COLOR && !CI
  }

  /** Shows a line about the run until `finish` is called. */
  watch(read: () => RunSnapshot): void {
    this.#read = read
    if (this.#isLive) this.#timer = setInterval(() => this.#draw(), REDRAW_EVERY_MS).unref()
  }

  /** Replaces the live line by a table of the streams. */
  finish(): void {
    const snapshot = this.#read?.()
    this.#stop()
    if (snapshot === undefined) return
    const seconds = (monotonicMs() - this.#startedAt) / 1000
    this.#terminal.write(runTable(snapshot, { states: this.#states, seconds }))
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    for (const line of chunk.toString().split('\n'))
      if (line !== '') this.#show(JSON.parse(line) as ShownMessage)
    done()
  }

  #show(message: ShownMessage): void {
    switch (message.type) {
      case 'STATE':
        this.#states++
        return
      case 'SPEC':
        return this.#print(JSON.stringify(message.spec, undefined, 2))
      case 'LOG': {
        const { level = 'INFO', message: text = '' } = message.log ?? {}
        return this.#print(
          level === 'WARN' ? this.#styled('yellow', `Warning: ${text}`) : this.#styled('dim', text),
        )
      }
      case 'CONNECTION_STATUS': {
        const { status, message: reason = '' } = message.connectionStatus ?? {}
        return this.#print(
          status === 'SUCCEEDED'
            ? this.#styled('green', 'The check succeeded: a sync can work.')
            : this.#styled('red', `The check failed. ${reason}`),
        )
      }
      case 'TRACE':
        this.#stop()
        return this.#print(this.#styled('red', `Error: ${message.trace?.error?.message ?? ''}`))
    }
  }

  #print(text: string): void {
    this.#terminal.write(`${this.#read !== undefined && this.#isLive ? ERASE_LINE : ''}${text}\n`)
    if (this.#read !== undefined) this.#draw()
  }

  #draw(): void {
    if (this.#read === undefined || !this.#isLive) return
    const seconds = (monotonicMs() - this.#startedAt) / 1000
    const line = progressLine(this.#read(), { states: this.#states, seconds })
    // A line that wraps could not be erased.
    this.#terminal.write(`${ERASE_LINE}${line.slice(0, (this.#terminal.columns || 80) - 1)}`)
  }

  #stop(): void {
    clearInterval(this.#timer)
    if (this.#read !== undefined && this.#isLive) this.#terminal.write(ERASE_LINE)
    this.#read = undefined
  }

  #styled(colour: Colour, text: string): string {
    return this.#hasColours ? styleText(colour, text, { validateStream: false }) : text
  }
}
