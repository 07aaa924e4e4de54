#!/usr/bin/env node
/** Starts the program. Only here does an error become a trace message and an exit code. */
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { readInvocation, type Invocation } from './cli.ts'
import { ConfigError, problem, textOf } from './errors.ts'
import { Output } from './protocol/airbyte/output.ts'

/** The exit code of a process that SIGTERM has ended; the platform treats it as a graceful end. */
const TERMINATED = 143

/** The platform waits a little longer than this after SIGTERM before it kills a run. */
const GRACE_MS = 4_500

const STDIN = 0

// Objects live as long as their batch. V8's default heap growth would double the memory of the process.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=30')

// Loading modules takes most of the start-up time. The cache is beside the code: who can write one can write the other.
enableCompileCache(join(import.meta.dirname, '.compiled'))

const view = await openView(process.argv)
const output = new Output(view ?? process.stdout)

try {
  const invocation = await readInvocation(process.argv.slice(2))
  if (invocation !== undefined) process.exitCode = await run(invocation)
} catch (error) {
  output.error(error)
  process.exitCode = 1
}
await leave()

/** Returns the exit code. Each command loads only its own modules. */
async function run(invocation: Invocation): Promise<number> {
  const terminated = new AbortController()
  process.once('SIGTERM', () => {
    terminated.abort()
    if (invocation.verb === 'write') setTimeout(() => void leave(TERMINATED), GRACE_MS)
    else void leave(0)
  })
  switch (invocation.verb) {
    case 'spec': {
      const { spec } = await import('./spec.ts')
      spec(output)
      return 0
    }
    case 'check': {
      const { check } = await import('./check.ts')
      const { config: path, strict, exitCode } = invocation
      const isStrict = strict || view !== undefined
      const canWork = await check({ path, readConfig: () => readFile(path, '--config'), output, isStrict })
      return canWork || (!exitCode && view === undefined) ? 0 : 1
    }
    case 'clear': {
      const { clear } = await import('./clear.ts')
      const { config: path, streams, byPattern, dryRun } = invocation
      await clear({ path, text: readFile(path, '--config'), streams, byPattern, dryRun, output })
      return 0
    }
    case 'write': {
      const [{ write }, { parseConfig }, { STRUCTURES }, { readCatalog }, { readStdin }] = await Promise.all([
        import('./write.ts'),
        import('./config/parsing/parse-config.ts'),
        import('./layout/registry/structure-registry.ts'),
        import('./protocol/airbyte/catalog.ts'),
        import('./protocol/input/stdin.ts'),
      ])
      const { config, warnings } = parseConfig(
        readFile(invocation.config, '--config'),
        process.env,
        STRUCTURES,
        invocation.config,
      )
      for (const warning of warnings) output.log('WARN', textOf(warning))
      const catalog = readCatalog(readFile(invocation.catalog, '--catalog'), invocation.catalog)
      const { signal } = terminated
      if (process.stdin.isTTY)
        output.log(
          'INFO',
          'Waiting for messages from the keyboard, one JSON object per line. Ctrl-D on an empty line ends the input. ' +
            'To read a file, add "< messages.jsonl".',
        )
      await write({ config, catalog, input: (until) => readStdin(STDIN, until), output, signal, view })
      return signal.aborted ? TERMINATED : 0
    }
  }
}

/** A terminal gets plain text, and a pipe messages. */
async function openView(argv: readonly string[]) {
  if (!process.stdout.isTTY || argv.includes('--json')) return undefined
  const { TerminalView } = await import('./terminal/view/terminal-view.ts')
  return new TerminalView(process.stdout, process.env)
}

function readFile(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(
      problem('file-unreadable', `${option}: the file ${path} cannot be read (${code}).`, {
        params: { option, path, reason: String(code) },
      }),
      { cause: error },
    )
  }
}

/** Ends the process, even with open sockets and stdin, once the reader has taken everything that was printed. */
async function leave(code = process.exitCode): Promise<never> {
  await output.drained()
  process.exit(code)
}
