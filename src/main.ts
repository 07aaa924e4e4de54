#!/usr/bin/env node
/** Where the program starts, and the only place where an error becomes a trace message and an exit code. */
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { readCommand, type Command } from './cli.ts'
import { ConfigError, textOf } from './errors.ts'
import { Output } from './protocol/airbyte/output.ts'

/** What a shell gives for a process ended by SIGTERM; the platform takes it for a graceful end. */
const TERMINATED = 143

/** The host waits a little longer than this for a run it has told to end. */
const GRACE_MS = 4_500

const STDIN = 0

const output = new Output(process.stdout)

// What is worked out of a batch lives as long as the batch. A heap that may grow at ease would double the memory it takes.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=30')

// Loading what a verb needs is most of a start. The cache lies beside the code, as whoever can write it can change that.
enableCompileCache(join(import.meta.dirname, '.compiled'))

try {
  const command = await readCommand(process.argv.slice(2))
  if (command !== undefined) process.exitCode = await run(command)
} catch (error) {
  output.error(error)
  process.exitCode = 1
}
await leave()

/** Gives the exit code. Each verb loads only what it needs. */
async function run(command: Command): Promise<number> {
  const terminated = new AbortController()
  process.once('SIGTERM', () => {
    terminated.abort()
    if (command.verb === 'write') setTimeout(() => void leave(TERMINATED), GRACE_MS)
    else void leave(0)
  })
  switch (command.verb) {
    case 'spec': {
      const { spec } = await import('./spec.ts')
      spec(output)
      return 0
    }
    case 'check': {
      const { check } = await import('./check.ts')
      await check(() => readFile(command.config, '--config'), output)
      return 0
    }
    case 'write': {
      const [{ write }, { parseConfig }, { STRUCTURES }, { readCatalog }, { readChunks }] = await Promise.all(
        [
          import('./write.ts'),
          import('./config/parsing/parse-config.ts'),
          import('./layout/registry/structures.ts'),
          import('./protocol/airbyte/catalog.ts'),
          import('./protocol/input/stdin.ts'),
        ],
      )
      const { config, warnings } = parseConfig(readFile(command.config, '--config'), process.env, STRUCTURES)
      for (const warning of warnings) output.log('WARN', textOf(warning))
      const catalog = readCatalog(readFile(command.catalog, '--catalog'))
      const { signal } = terminated
      await write({ config, catalog, input: (until) => readChunks(STDIN, until), output, signal })
      return signal.aborted ? TERMINATED : 0
    }
  }
}

function readFile(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(`${option}: cannot read the file ${path} (${code}).`, { cause: error })
  }
}

/** Open sockets and a waiting stdin must not keep the process; what was printed must have left before it ends. */
async function leave(code = process.exitCode): Promise<never> {
  await output.drained()
  process.exit(code)
}
