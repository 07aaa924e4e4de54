#!/usr/bin/env node
/** Starts the program. It listens to signals before it loads anything: as process 1 of a container it would get none. */
import { accessSync, constants } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { nodeProblem } from './node-version.ts'

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

// Nothing is written while the connector runs, so only a cache that an image was built with is used.
const cache = join(import.meta.dirname, '.compiled')
if (isReadOnly(cache)) module.enableCompileCache(cache)

const { runProgram } = await import('./program.ts')
await runProgram(process.argv.slice(2), ended.signal)

function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK)
  } catch {
    return false
  }
  try {
    accessSync(directory, constants.W_OK)
    return false
  } catch {
    return true
  }
}
