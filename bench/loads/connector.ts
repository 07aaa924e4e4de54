// Runs one `write` of the built connector, or of the image; throws if the run is not right.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalog } from '../../integration_tests/support/messages.ts'
import {
  isError,
  isState,
  parseMessage,
  type Message,
} from '../../integration_tests/support/output-message.ts'
import { streamName, type Input } from '../inputs/inputs.ts'
import type { Address } from '../options.ts'
import { runToEnd } from './processes.ts'

export type Launcher = (args: string[], directory: string) => string[]

export type Job = {
  input: Input
  /** The address that the connector uses; a proxy, for example. */
  redis?: Address & { password?: string | undefined }
  /** The nodes, if it is a cluster. */
  nodes?: readonly string[]
  /** The directory for the configuration and catalog. */
  directory: string
  launcher?: Launcher
  mode?: 'append' | 'overwrite' | 'append_dedup'
  /** Receives the id of the process. */
  started?: (pid: number) => void
}

export type ConnectorRun = {
  /** Seconds from the start of the process to its end, measured from outside. */
  wallSeconds: number
  /** The same, measured by the process itself: without the start of the container, if there is one. */
  seconds: number
  /** The part of `wallSeconds` after the last state: removals, swaps, and the end of the process. */
  finishSeconds: number
  cpuSeconds: number
  peakMb: number
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
export const usageModule = fileURLToPath(new URL('../usage.mjs', import.meta.url))

export const local: Launcher = builtAt(main)

/** Returns the launcher of another build, by the path of its main.js. */
export function builtAt(path: string): Launcher {
  return (args) => [process.execPath, '--import', usageModule, path, ...args]
}

export function inImage(image: string, ...options: string[]): Launcher {
  return (args, directory) => {
    const mounts = [`${directory}:${directory}:ro`, `${usageModule}:/usage.mjs:ro`]
    const all = [
      ...mounts.flatMap((mount) => ['-v', mount]),
      '-e',
      'NODE_OPTIONS=--import=/usage.mjs',
      ...options,
    ]
    return ['docker', 'run', '-i', '--rm', '--network', 'host', ...all, image, ...args]
  }
}

export async function runConnector(job: Job): Promise<ConnectorRun> {
  const { input, directory, launcher = local, started } = job
  const command = launcher(['write', ...writeSettings(job)], directory)
  let acknowledgedAt = Number.NaN
  const watch = (printed: string, seconds: number) => {
    if (printed.includes('"type":"STATE"')) acknowledgedAt = seconds
  }
  const {
    code,
    seconds: wallSeconds,
    stdout,
    stderr,
  } = await runToEnd(command, input.messages, watch, started)
  const printed = stdout.split('\n').filter(Boolean).map(parseMessage)
  const error = printed.find(isError)
  if (error || code !== 0)
    throw new Error(`The connector failed: ${error?.trace.error.message ?? stderr.trim()}`)
  requireStates(printed, input)
  const { seconds, cpuSeconds, peakKb } = usageIn(stderr)
  const finishSeconds = wallSeconds - acknowledgedAt
  return { wallSeconds, seconds, finishSeconds, cpuSeconds, peakMb: (peakKb * 1024) / 1e6 }
}

function writeSettings({ input, redis, nodes, directory, mode = 'append' }: Job): string[] {
  const { layout, streams, namespace, cursor } = input
  const names = Array.from({ length: streams }, (_, index) => streamName(index))
  const files = {
    // Longer than every pause of the bench, but a run that hangs should fail in less than five minutes.
    config: {
      ...layout.config,
      max_outage_seconds: 30,
      ...redis,
      ...(nodes && { deployment: { mode: 'cluster', nodes } }),
    },
    catalog: catalog(
      names.map((name) => ({
        name,
        namespace,
        mode,
        primaryKey: [['id']],
        ...(cursor === undefined ? {} : { cursor: ['updated_at'] }),
      })),
    ),
  }
  return Object.entries(files).flatMap(([name, content]) => {
    const path = join(directory, `${name}.json`)
    writeFileSync(path, JSON.stringify(content))
    return [`--${name}`, path]
  })
}

function requireStates(printed: Message[], { records, states }: Input): void {
  const acknowledged = printed.filter(isState).map(({ state }) => state)
  const last = acknowledged.at(-1)?.stream?.stream_state as { cursor?: number } | undefined
  if (acknowledged.length !== states || (states > 0 && last?.cursor !== records))
    throw new Error(
      `${acknowledged.length} of ${states} states came back, the last with ${JSON.stringify(last)}.`,
    )
}

export function usageIn(stderr: string): { seconds: number; cpuSeconds: number; peakKb: number } {
  const line = stderr.split('\n').findLast((printed) => printed.startsWith('{"usage":'))
  if (line === undefined) throw new Error(`The connector did not say what it used, but: ${stderr.trim()}`)
  return (JSON.parse(line) as { usage: ReturnType<typeof usageIn> }).usage
}
