#!/usr/bin/env node
/** Starts the program. It listens to signals before it loads anything: as process 1 of a container it would get none. */
import { chunkLoader } from './chunk-loader.ts'
import { nodeProblem } from './node-version.ts'
import type * as program from './program.ts'

const outdated = nodeProblem(process.versions.node)
if (outdated !== undefined) {
  process.stdout.write(outdated(process.stdout.isTTY))
  process.exit(1)
}

// Without a listener this signal opens Node's debugger.
process.on('SIGUSR1', () => {})

/** Aborted by the first signal that asks the process to end, with the name of that signal. */
const ended = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => ended.abort(signal))

// Libraries that read it print what they send, and that has passwords in it.
delete process.env['DEBUG']

const { runProgram } = chunkLoader(import.meta.dirname)('./program.js') as typeof program
void runProgram(process.argv.slice(2), ended.signal)
