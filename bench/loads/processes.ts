// Runs a command to its end, with a file as its stdin, and measures the time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'

export type Ended = { code: number | null; seconds: number; stdout: string; stderr: string }

/** `watch` receives the output as it is printed, with the seconds since the start; `started` the id of the process. */
export async function runToEnd(
  [command, ...args]: string[],
  stdin = '/dev/null',
  watch: (printed: string, seconds: number) => void = () => undefined,
  started: (pid: number) => void = () => undefined,
): Promise<Ended> {
  if (command === undefined) throw new Error('There is no command to run.')
  const input = openSync(stdin, 'r')
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: [input, 'pipe', 'pipe'] })
  closeSync(input)
  if (child.pid !== undefined) started(child.pid)
  const stop = () => child.kill()
  process.once('exit', stop)
  if (!child.stdout || !child.stderr) throw new Error(`${command} has no output.`)
  const elapsed = () => (performance.now() - startedAt) / 1000
  const ended = once(child, 'exit').then(elapsed)
  const printed = watched(child.stdout, (piece) => watch(piece, elapsed()))
  const [seconds, stdout, stderr] = await Promise.all([ended, printed, text(child.stderr)])
  process.off('exit', stop)
  return { code: child.exitCode, seconds, stdout, stderr }
}

async function watched(output: Readable, watch: (piece: string) => void): Promise<string> {
  const pieces: string[] = []
  output.setEncoding('utf8')
  for await (const piece of output as AsyncIterable<string>) {
    watch(piece)
    pieces.push(piece)
  }
  return pieces.join('')
}
