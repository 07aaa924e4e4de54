// Finds the Redis for demo, tests and bench: $REDIS_SERVER, else the PATH, else a container, else the package manager.
// Searches once in a process; redis-process.ts starts servers.
import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

export type RedisBinary =
  { kind: 'process'; server: string; cli: string } | { kind: 'container'; image: string }

const run = promisify(execFile)
const image = 'redis:7-bookworm'

let found: Promise<RedisBinary> | undefined

export function findRedis(): Promise<RedisBinary> {
  found ??= search()
  return found
}

async function search(): Promise<RedisBinary> {
  const redis = named() ?? onPath() ?? (await asContainer()) ?? (await installed())
  if (redis) return redis
  throw new Error(
    'There is no Redis to run against: install redis-server (for example `apt-get install redis-server` or ' +
      '`brew install redis`), name one in the environment variable REDIS_SERVER, or start Docker.',
  )
}

function named(): RedisBinary | undefined {
  const server = process.env['REDIS_SERVER']
  if (!server) return undefined
  if (!isExecutable(server)) throw new Error(`REDIS_SERVER names ${server}, which is not an executable file.`)
  const cli = join(dirname(server), 'redis-cli')
  return { kind: 'process', server, cli: existsSync(cli) ? cli : 'redis-cli' }
}

function onPath(): RedisBinary | undefined {
  const server = findOnPath('redis-server')
  return server ? { kind: 'process', server, cli: 'redis-cli' } : undefined
}

async function asContainer(): Promise<RedisBinary | undefined> {
  // Only with a format does `docker info` fail when the engine does not answer.
  if (!findOnPath('docker')) return undefined
  if (!(await succeeds(['docker', 'info', '--format', '{{.ServerVersion}}'], 15_000))) return undefined
  if (await succeeds(['docker', 'image', 'inspect', image], 15_000)) return { kind: 'container', image }
  console.error(`Pulling ${image} …`)
  return (await succeeds(['docker', 'pull', '--quiet', image], 300_000))
    ? { kind: 'container', image }
    : undefined
}

const packageManagers = [
  { command: 'apt-get', refresh: ['update', '-qq'], install: ['install', '-y', '-qq', 'redis-server'] },
  { command: 'apk', install: ['add', '--quiet', 'redis'] },
  { command: 'dnf', install: ['install', '-y', '--quiet', 'redis'] },
  { command: 'brew', install: ['install', '--quiet', 'redis'] },
]

async function installed(): Promise<RedisBinary | undefined> {
  const isRoot = process.getuid?.() === 0
  if (!isRoot && !process.env['CI']) return undefined
  const manager = packageManagers.find(({ command }) => findOnPath(command))
  if (!manager) return undefined

  const { command, refresh, install } = manager
  const sudo = isRoot || command === 'brew' ? [] : ['sudo', '-n']
  // RUNLEVEL=1 keeps Debian's package from starting a server of its own on port 6379.
  const env = [...sudo, 'env', 'RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', command]
  console.error(`Installing Redis with ${command} …`)
  // A failed refresh is no error: the lists may exist already, or another process has locked them.
  if (refresh) await succeeds([...env, ...refresh], 300_000)
  await succeeds([...env, ...install], 300_000)
  return onPath()
}

async function succeeds([command = '', ...args]: string[], timeout: number): Promise<boolean> {
  return run(command, args, { timeout }).then(
    () => true,
    () => false,
  )
}

function findOnPath(command: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  return directories.map((directory) => join(directory, command)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
