// Runs a command to its end, with a file as its stdin, and takes the time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'

export type Ended = { code: number | null; seconds: number; stdout: string; stderr: string }

export async function runToEnd([command, ...args]: string[], stdin = '/dev/null'): Promise<Ended> {
  if (command === undefined) throw new Error('There is no command to run.')
  const input = openSync(stdin, 'r')
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: [input, 'pipe', 'pipe'] })
  closeSync(input)
  const stop = () => child.kill()
  process.once('exit', stop)
  if (!child.stdout || !child.stderr) throw new Error(`${command} has no output.`)
  const ended = once(child, 'exit').then(() => (performance.now() - startedAt) / 1000)
  const [seconds, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  process.off('exit', stop)
  return { code: child.exitCode, seconds, stdout, stderr }
}
