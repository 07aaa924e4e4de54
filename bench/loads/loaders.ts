// Prepares and runs the programs in others/, each of which loads the messages with a client library.
// Libraries that are no dependencies of this project are installed into the bench's temporary directory.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Input } from '../inputs/inputs.ts'
import { runToEnd } from './processes.ts'
import { withResources, type Resources } from './resources.ts'
import type { Server } from './server.ts'

const run = promisify(execFile)

type Loader = {
  name: string
  /** Returns the command line without host and port; throws where the loader cannot run on this machine. */
  prepare: (directory: string) => Promise<string[]>
}

const loaders: Loader[] = [
  {
    name: 'redis-py',
    prepare: async (directory) => {
      // The name python3 may belong to a program that looks for the real one at every start.
      const { stdout } = await run('python3', ['-c', 'import sys; print(sys.executable)'])
      const python = stdout.trim()
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', directory]
      await run(python, [...pip, 'redis[hiredis]==8.1.0'])
      return [python, copied('redis-py.py', directory)]
    },
  },
  { name: 'ioredis', prepare: async () => [process.execPath, source('ioredis.mjs')] },
  {
    name: 'node-redis',
    prepare: async (directory) => {
      const npm = ['install', '--no-save', '--no-fund', '--no-audit', '--prefix', directory]
      await run('npm', [...npm, 'redis@6.3.1'])
      return [process.execPath, copied('node-redis.mjs', directory)]
    },
  },
  {
    name: 'go-redis',
    prepare: async (directory) => {
      const program = join(directory, 'go-redis')
      await run('go', ['build', '-o', program, '.'], { cwd: source('go-redis') })
      return [program]
    },
  },
]

/** Returns the command line of each loader by its name, and a line for each that is left out. */
export async function prepareLoaders(
  directory: string,
): Promise<{ commands: Map<string, string[]>; leftOut: string[] }> {
  const commands = new Map<string, string[]>()
  const leftOut: string[] = []
  for (const { name, prepare } of loaders) {
    console.error(`preparing ${name}`)
    const own = join(directory, name)
    mkdirSync(own)
    try {
      commands.set(name, await prepare(own))
    } catch (error) {
      console.error(error)
      leftOut.push(`${name} is left out: ${reason(error)}`)
    }
  }
  return { commands, leftOut }
}

function reason(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? `there is no ${path} on the PATH.` : 'its packages could not be installed.'
}

export async function runLoader(
  command: string[],
  { address }: Server,
  input: Input,
): Promise<{ wallSeconds: number } & Resources> {
  const full = [...command, address.host, String(address.port)]
  const ended = await withResources(async (started) => runToEnd(full, input.messages, undefined, started))
  const { code, seconds, stderr, cpuSeconds, peakMb } = ended
  if (code !== 0) throw new Error(`Exit code ${code}: ${stderr.trim()}`)
  return { wallSeconds: seconds, cpuSeconds, peakMb }
}

/** Copies a program beside its packages, where its language looks for them first. */
function copied(name: string, directory: string): string {
  const copy = join(directory, name)
  copyFileSync(source(name), copy)
  return copy
}

function source(name: string): string {
  return fileURLToPath(new URL(`../others/${name}`, import.meta.url))
}
