// Runs the built connector the way the platform does: messages in on stdin, messages out on stdout.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import split2 from 'split2'
import { feed, type Input } from './feed.ts'
import { Guardian } from './guardian.ts'
import { endPrograms, runInProcess } from './in-process.ts'
import { isError, isLog, isState, parseMessage, type ConnectorError, type Message } from './output-message.ts'
import type { LogEntry, State } from './output-message.ts'
import { watchPeakRss } from './peak-rss.ts'

export type ConnectorOptions = { env?: Record<string, string | undefined>; cwd?: string }
export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type ConnectorRun = Exit & {
  lines: string[]
  messages: Message[]
  states: State[]
  logs: LogEntry[]
  /** The errors of the TRACE ERROR messages. */
  errors: ConnectorError[]
  stderr: string
  peakRssKb: number | undefined
}

/** These verbs run in the process of the tests, where a test gives no options for a process. */
const IN_PROCESS = ['write', 'check', 'clear']

let temporary: Guardian | undefined
const running = new Set<Connector>()

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export function startConnector(args: string[], options: ConnectorOptions = {}): Connector {
  return new Connector(args, options)
}

/** Ends every connector that is still running; returns a description of each process. */
export function endConnectors(): string[] {
  endPrograms()
  return [...running].map((connector) => {
    connector.kill('SIGKILL')
    return connector.description
  })
}

/**
 * Feeds all the input, reads all the output and waits for the exit. An input that throws ends the connector. Only with
 * options does it have a process of its own.
 */
export async function runConnector(
  args: string[],
  input: Input = '',
  options?: ConnectorOptions,
): Promise<ConnectorRun> {
  if (options === undefined && IN_PROCESS.includes(args[0]!))
    return runOf({ ...(await runInProcess(args, input)), signal: null, stderr: '', peakRssKb: undefined })
  await using connector = startConnector(args, options)
  const [lines] = await Promise.all([collect(connector.lines), feed(connector.stdin, input)])
  const exit = await connector.exit
  return runOf({ ...exit, lines, stderr: connector.stderr, peakRssKb: connector.peakRssKb })
}

function runOf(ended: Exit & Pick<ConnectorRun, 'lines' | 'stderr' | 'peakRssKb'>): ConnectorRun {
  const messages = ended.lines.map(parseMessage)
  return {
    ...ended,
    messages,
    states: messages.filter(isState).map((message) => message.state),
    logs: messages.filter(isLog).map((message) => message.log),
    errors: messages.filter(isError).map((message) => message.trace.error),
  }
}

/**
 * Writes each value as `<name>.json` into a new directory, which is removed when this process ends, and returns the
 * paths by name. Text is written unchanged, JSON or not.
 */
export function writeFiles<Files extends Record<string, unknown>>(files: Files): Record<keyof Files, string> {
  temporary ??= new Guardian(mkdtempSync(join(tmpdir(), 'destination-redis-connector-')))
  const directory = mkdtempSync(join(temporary.directory, 'files-'))
  const written = Object.entries(files).map(([name, content]) => {
    const path = join(directory, `${name}.json`)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return [name, path]
  })
  // `fromEntries` loses the type of the names.
  return Object.fromEntries(written) as Record<keyof Files, string>
}

export class Connector {
  /** Settles when the process has ended and everything it wrote to stderr has been read. */
  readonly exit: Promise<Exit>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: Readable
  readonly #peakRss: () => number | undefined
  readonly #args: string[]
  #stderr = ''
  #lastChunk: Buffer = Buffer.alloc(0)

  constructor(args: string[], options: ConnectorOptions) {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
    })
    this.#child = child
    this.#args = args
    running.add(this)
    child.once('close', () => running.delete(this))
    this.#peakRss = watchPeakRss(child)
    // Only '\n' ends a line: split2 would also split at '\r\n', and readline at U+2028, which a state may contain.
    this.#lines = child.stdout.pipe(split2('\n'))
    child.stdout.on('data', (chunk: Buffer) => (this.#lastChunk = chunk))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    // A connector that exits early breaks its stdin; `exit` and the messages explain why.
    child.stdin.on('error', () => {})
    this.exit = once(child, 'exit').then(async ([code, signal]: unknown[]) => {
      if (!child.stderr.closed) await once(child.stderr, 'close')
      // `once` cannot type the two arguments of the event.
      return { code, signal } as Exit
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get stdin(): Writable {
    return this.#child.stdin
  }

  /**
   * The lines of stdout. A loop that does not read blocks the connector. A second loop continues where the first one
   * stopped; `lines` and `messages` share one stream, so each line is seen once.
   */
  get lines(): AsyncIterable<string> {
    const lines: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => this.#lines.iterator({ destroyOnReturn: false }),
    }
    return lines
  }

  get messages(): AsyncIterable<Message> {
    return parseMessages(this.lines)
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The arguments and the latest output, for a test that has run out of time. */
  get description(): string {
    const output = `${this.#lastChunk.toString().slice(-2_000)}${this.#stderr.slice(-2_000)}`.trimEnd()
    return `Still running: destination-redis ${this.#args.join(' ')}\n${output}`
  }

  /** The peak resident memory, on Linux only. */
  get peakRssKb(): number | undefined {
    return this.#peakRss()
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL')
    await this.exit
  }
}

async function* parseMessages(lines: AsyncIterable<string>): AsyncGenerator<Message> {
  for await (const line of lines) yield parseMessage(line)
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}
