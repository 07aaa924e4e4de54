/** Runs one command. Only here does an error become a trace message and an exit code. */
import { readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty, type WriteStream } from 'node:tty'
import { readInvocation, type Invocation } from './cli.ts'
import { ConfigError, problem, textOf, TransientError } from './errors.ts'
import { Output } from './protocol/airbyte/output.ts'
import type { InputRoom } from './protocol/input/stdin.ts'
import type { TerminalView } from './terminal/view/terminal-view.ts'

/** The exit codes of a process that a signal has ended; the platform treats 143 as a graceful end. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 }

/** The platform kills a run five seconds after its signal. No step takes more than one second before a signal is seen. */
const GRACE_MS = 3_500

/** After a signal, the reader of standard output is waited for no longer than this. */
const LAST_OUTPUT_MS = 400

const STDIN = 0

/** Why a file cannot be read, by the code of the operating system. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory; give the path of a file',
  EACCES: 'may not be read by this user',
}

const KEYBOARD =
  'Waiting for messages from the keyboard, one JSON object per line. Ctrl-D on an empty line ends the input. To read a ' +
  'file, add "< messages.jsonl".'

/** Gives a program its standard input and output, and the way to end. Tests run it in their own process by other ones. */
export interface Surroundings {
  readonly stdout: Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>
  readonly openStdin: () => Promise<(until: AbortSignal, room: InputRoom) => AsyncIterable<Uint8Array>>
  readonly isKeyboard: () => boolean
  /** Hands over errors that nobody has caught, and rejections that nobody handles. */
  readonly onUncaught: (listener: (error: unknown) => void) => void
  readonly exit: (code: number | undefined) => void
}

const PROCESS: Surroundings = {
  get stdout() {
    return process.stdout
  },
  openStdin: async () => {
    const { readStdin } = await import('./protocol/input/stdin.ts')
    return (until, room) => readStdin(STDIN, until, room)
  },
  isKeyboard: () => isatty(STDIN),
  onUncaught: (listener) => process.on('uncaughtException', listener),
  exit: (code) => process.exit(code),
}

/** `ended` is aborted with the name of a signal. The process ends before this function returns. */
export async function runProgram(
  argv: readonly string[],
  ended: AbortSignal,
  surroundings: Surroundings = PROCESS,
): Promise<void> {
  const program = new Program(ended, surroundings, await openView(argv, surroundings))
  try {
    await program.run(argv)
  } catch (error) {
    program.fail(error)
  }
  await program.leave()
}

class Program {
  readonly #output: Output
  readonly #view: TerminalView | undefined
  readonly #ended: AbortSignal
  readonly #surroundings: Surroundings
  /** Aborted with the error that a run ends with after a signal. */
  readonly #terminated = new AbortController()
  #command: Invocation['verb'] | undefined
  #exitCode = 0
  #isLeaving = false

  constructor(ended: AbortSignal, surroundings: Surroundings, view: TerminalView | undefined) {
    this.#ended = ended
    this.#surroundings = surroundings
    this.#view = view
    this.#output = new Output(view ?? surroundings.stdout)
    surroundings.onUncaught((error) => {
      this.fail(error)
      void this.leave()
    })
  }

  async run(argv: readonly string[]): Promise<void> {
    const invocation = await readInvocation(argv)
    if (invocation === undefined) return
    this.#command = invocation.verb
    const terminate = (): void => {
      this.#terminated.abort(terminated(String(this.#ended.reason)))
      setTimeout(() => {
        if (invocation.verb !== 'spec') this.fail(this.#terminated.signal.reason)
        void this.leave()
      }, GRACE_MS)
    }
    if (this.#ended.aborted) terminate()
    else this.#ended.addEventListener('abort', terminate, { once: true })
    await this.#runCommand(invocation)
    if (isChanging(invocation.verb)) this.#terminated.signal.throwIfAborted()
  }

  /** Prints why the command failed, unless its last message has been printed. A check that fails ends well. */
  fail(error: unknown): void {
    if (this.#isLeaving) return
    if (this.#command === 'check') return this.#output.failedStatus(error)
    this.#exitCode = 1
    this.#output.error(error)
  }

  /** Ends the process, even with open sockets and stdin, when the reader has taken everything that was printed. */
  async leave(): Promise<void> {
    if (this.#isLeaving) return
    this.#isLeaving = true
    const isEnded = this.#ended.aborted && (this.#command === undefined || isChanging(this.#command))
    const code = isEnded ? EXIT_CODES[String(this.#ended.reason)] : this.#exitCode
    if (!this.#ended.aborted)
      await Promise.race([
        this.#output.drained(),
        new Promise((resolve) => this.#ended.addEventListener('abort', resolve)),
      ])
    await Promise.race([this.#output.drained(), sleep(LAST_OUTPUT_MS)])
    this.#surroundings.exit(code)
  }

  /** Each command loads only its own modules. */
  async #runCommand(invocation: Invocation): Promise<void> {
    const output = this.#output
    const { signal } = this.#terminated
    switch (invocation.verb) {
      case 'spec': {
        const { spec } = await import('./spec.ts')
        return spec(output)
      }
      case 'check': {
        const { check } = await import('./check.ts')
        const { config: path, strict, exitCode } = invocation
        const isStrict = strict || this.#view !== undefined
        const canWork = await check({
          path,
          readConfig: () => readFile(path, '--config'),
          output,
          isStrict,
          signal,
        })
        // On a pipe, a check that fails ends well: its status says so.
        if (!canWork && (exitCode || this.#view !== undefined)) this.#exitCode = 1
        return
      }
      case 'clear': {
        const { clear } = await import('./clear.ts')
        const { config: path, streams, byPattern, dryRun } = invocation
        return clear({ path, text: readFile(path, '--config'), streams, byPattern, dryRun, output, signal })
      }
      case 'write': {
        const [{ write }, { parseConfig }, { STRUCTURES }, { readCatalog }, input] = await Promise.all([
          import('./write.ts'),
          import('./config/parsing/parse-config.ts'),
          import('./layout/registry/structure-registry.ts'),
          import('./protocol/airbyte/catalog.ts'),
          this.#surroundings.openStdin(),
        ])
        const { config, warnings, hidden } = parseConfig(
          readFile(invocation.config, '--config'),
          process.env,
          STRUCTURES,
          invocation.config,
        )
        output.hide(hidden)
        for (const warning of warnings) output.log('WARN', textOf(warning))
        const catalog = readCatalog(readFile(invocation.catalog, '--catalog'), invocation.catalog)
        if (this.#surroundings.isKeyboard()) output.log('INFO', KEYBOARD)
        const view = this.#view
        return write({ config, catalog, input, output, signal, view })
      }
    }
  }
}

/** Returns whether a command changes what is in Redis, so that its exit code says which signal cut it off. */
function isChanging(verb: Invocation['verb']): boolean {
  return verb === 'write' || verb === 'clear'
}

/** A terminal gets plain text, and a pipe messages. */
async function openView(
  argv: readonly string[],
  { stdout }: Surroundings,
): Promise<TerminalView | undefined> {
  if (stdout.isTTY !== true || argv.includes('--json')) return undefined
  const view = await import('./terminal/view/terminal-view.ts')
  return new view.TerminalView(stdout, process.env)
}

function terminated(signal: string): TransientError {
  return new TransientError(
    problem(
      'run-terminated',
      `The signal ${signal} ended the connector. Records behind the last acknowledged state are sent again by the next run.`,
      { params: { signal } },
    ),
  )
}

function readFile(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(
      problem(
        'file-unreadable',
        `${option}: ${path} ${UNREADABLE[String(code)] ?? `cannot be read (${code})`}.`,
        {
          params: { option, path, reason: String(code) },
        },
      ),
      { cause: error },
    )
  }
}
