// One running redis-server, as a child process or as a container on the host's network; both take the same calls,
// signals included. The guardian ends it when this process ends.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Guardian } from './guardian.ts'
import type { RedisBinary } from './redis-binary.ts'

export type RedisProcess = {
  /** The process id; undefined for a container. */
  readonly pid: number | undefined
  /** The command that starts redis-cli where it can reach this server. */
  readonly cli: string[]
  readonly exited: Promise<void>
  readonly isRunning: () => boolean
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

type Launch = {
  binary: RedisBinary
  args: string[]
  logFile: string
  directories: string[]
  guardian: Guardian
}

export function launchRedis(launch: Launch): RedisProcess {
  const { binary } = launch
  return binary.kind === 'container' ? launchContainer(launch, binary.image) : launchProcess(launch, binary)
}

function launchProcess(launch: Launch, binary: { server: string; cli: string }): RedisProcess {
  const child = spawnLogged(binary.server, launch.args, launch.logFile)
  launch.guardian.onOurEnd('kill', '-9', String(child.pid))
  return {
    ...lifeOf(child, launch.guardian),
    pid: child.pid,
    cli: [binary.cli],
    kill: async (signal) => {
      child.kill(signal)
    },
  }
}

/** The directories are mounted under their own paths, so arguments that name files in them work unchanged. */
function launchContainer(launch: Launch, image: string): RedisProcess {
  const name = `destination-redis-${randomBytes(6).toString('hex')}`
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  const mounts = [...new Set(launch.directories)].flatMap((directory) => [
    '--volume',
    `${directory}:${directory}`,
  ])
  const options = ['--rm', '--name', name, '--network', 'host', '--user', user, ...mounts]
  const child = spawnLogged(
    'docker',
    ['run', ...options, image, 'redis-server', ...launch.args],
    launch.logFile,
  )
  launch.guardian.onOurEnd('docker', 'kill', name)
  return {
    ...lifeOf(child, launch.guardian),
    pid: undefined,
    cli: ['docker', 'exec', '-i', name, 'redis-cli'],
    kill: async (signal) => {
      const killing = promisify(execFile)('docker', ['kill', '--signal', signal, name])
      // As with a process, a signal after the end is no error.
      await killing.catch((error: unknown) => {
        if (child.exitCode === null && child.signalCode === null) throw error
      })
    },
  }
}

type Child = ReturnType<typeof spawnLogged>

function spawnLogged(command: string, args: string[], logFile: string) {
  const log = openSync(logFile, 'a')
  try {
    return spawn(command, args, { stdio: ['ignore', log, log] })
  } finally {
    closeSync(log)
  }
}

function lifeOf(child: Child, guardian: Guardian): Pick<RedisProcess, 'exited' | 'isRunning'> {
  const exited = once(child, 'exit').then(() => guardian.nothingToDo())
  return { exited, isRunning: () => child.exitCode === null && child.signalCode === null }
}
