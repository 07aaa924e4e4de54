// Measures the processor time of a start of each command, beside a Node that loads no more than the module for TLS.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalog } from '../../integration_tests/support/messages.ts'
import { streamName, writeInput } from '../inputs/inputs.ts'
import { usageIn, usageModule } from '../loads/connector.ts'
import { cpuUntilFirstCommand } from '../loads/first-command.ts'
import { alternate, type Bench } from '../loads/measure.ts'
import { measureEach } from '../loads/measure-each.ts'
import { runToEnd } from '../loads/processes.ts'
import { median, proportion } from '../report/statistics.ts'
import { table, two, whole, type Section } from '../report/table.ts'
import { START_TARGETS, type Target } from '../report/targets.ts'

const times = 15
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const base = '`node -e "import \'node:tls\'"`'

type Start = { name: string; cpuSeconds: () => Promise<number>; target?: Target }

export async function measureStart(bench: Bench): Promise<Section> {
  const { directory, targetLog } = bench
  // Other suites may have left the stream in another layout.
  await bench.server.flush()
  using single = writeInput(directory, { layout: bench.layout, dataBytes: 100, records: 1 })
  const { rows: starts, leftOut } = await measureEach(
    startsOf(bench, single.messages),
    ({ name }) => name,
    async (start) => {
      await start.cpuSeconds()
      return start
    },
  )
  const runs = await alternate(
    times,
    Object.fromEntries(starts.map(({ name, cpuSeconds }) => [name, cpuSeconds])),
  )
  const rows = starts.map((start) => ({ ...start, seconds: runs[start.name]! }))
  const figures = table(rows, [
    { title: 'command', left: true, cell: ({ name }) => name },
    { title: 'CPU ms', cell: ({ seconds }) => whole(median(seconds) * 1000) },
    {
      title: 'of the first',
      left: true,
      cell: ({ name, seconds, target }) =>
        targetLog.compare(`start of ${name}`, proportion(seconds, runs[base]!, Number).median, target, two),
    },
  ])
  return {
    title: 'Start',
    tables: [figures],
    notes: [
      `Medians of ${times}. \`check\` and \`write\` of one record reach a Redis on the same machine.`,
      ...leftOut,
    ],
  }
}

function startsOf({ directory, server, layout }: Bench, messages: string): Start[] {
  const { address, password } = server
  const redis = { ...address, ...(password ? { password } : {}) }
  const config = store('start.json', { ...layout.config, ...redis })
  const streams = store(
    'start-catalog.json',
    catalog([{ name: streamName(0), namespace: 'public', mode: 'append' }]),
  )
  const write = (to: string) => [main, 'write', '--config', to, '--catalog', streams]
  return [
    { name: base, cpuSeconds: async () => untilEnd(['-e', "import 'node:tls'"], '') },
    {
      name: '`spec`',
      cpuSeconds: async () => untilEnd([main, 'spec'], 'connectionSpecification'),
      target: START_TARGETS.spec,
    },
    {
      name: '`check`',
      cpuSeconds: async () => untilEnd([main, 'check', '--config', config], 'SUCCEEDED'),
      target: START_TARGETS.check,
    },
    {
      name: '`write` to the first command',
      cpuSeconds: async () =>
        cpuUntilFirstCommand(messages, (port) => {
          const standIn = store('start-stand-in.json', { ...layout.config, host: '127.0.0.1', port })
          return [process.execPath, ...write(standIn)]
        }),
      target: START_TARGETS.firstCommand,
    },
    {
      name: '`write` of one record',
      cpuSeconds: async () => untilEnd(write(config), 'Done: 1 record', messages),
    },
  ]

  function store(name: string, content: object): string {
    const path = join(directory, name)
    writeFileSync(path, JSON.stringify(content))
    return path
  }
}

async function untilEnd(args: string[], prints: string, input?: string): Promise<number> {
  const command = [process.execPath, '--import', usageModule, ...args]
  const { code, stdout, stderr } = await runToEnd(command, input)
  if (code !== 0 || !stdout.includes(prints))
    throw new Error(`Exit code ${code}: ${stdout.slice(0, 500)} ${stderr.trim()}`)
  return usageIn(stderr).cpuSeconds
}
