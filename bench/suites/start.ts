// Measures the processor time of a start of each command, beside a Node that loads no more than the module for TLS.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalog } from '../../integration_tests/support/messages.ts'
import { usageIn, usageModule } from '../loads/connector.ts'
import { streamName, writeInput } from '../inputs/inputs.ts'
import { alternate, type Bench } from '../loads/measure.ts'
import { runToEnd } from '../loads/processes.ts'
import { median, proportion } from '../report/statistics.ts'
import { table, two, whole, type Section } from '../report/table.ts'

const times = 15
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const base = 'import node:tls'

export async function measureStart({ directory, server, layout, verdicts }: Bench): Promise<Section> {
  const { address, password } = server
  using single = writeInput(directory, { layout, dataBytes: 100, records: 1 })
  const config = store('start.json', { ...layout.config, ...address, ...(password ? { password } : {}) })
  const streams = store(
    'start-catalog.json',
    catalog([{ name: streamName(0), namespace: single.namespace, mode: 'append' }]),
  )
  console.error('start')
  const write = ['write', '--config', config, '--catalog', streams]
  const commands = [
    { name: base, args: ['-e', "import 'node:tls'"], prints: '' },
    { name: 'spec', args: [main, 'spec'], prints: 'connectionSpecification', target: { atMost: 1.2 } },
    { name: 'check', args: [main, 'check', '--config', config], prints: 'SUCCEEDED', target: { atMost: 2 } },
    {
      name: 'write',
      args: [main, ...write],
      prints: 'Done: 1 record',
      input: single.messages,
      target: { atMost: 2 },
    },
  ]
  const runs = await alternate(
    times,
    Object.fromEntries(commands.map((command) => [command.name, async () => cpuSeconds(command)])),
  )
  const rows = commands.map((command) => ({ ...command, seconds: runs[command.name]! }))
  const starts = table(rows, [
    { title: 'command', left: true, cell: ({ name }) => `\`${name}\`` },
    { title: 'CPU ms', cell: ({ seconds }) => whole(median(seconds) * 1000) },
    {
      title: `of \`${base}\``,
      left: true,
      cell: ({ name, seconds, target }) =>
        verdicts.classify(`start of ${name}`, proportion(seconds, runs[base]!, Number).median, target, two),
    },
  ])
  return {
    title: 'Start',
    tables: [starts],
    notes: [`Medians of ${times}. \`check\` and \`write\` of one record reach a Redis on the same machine.`],
  }

  function store(name: string, content: object): string {
    const path = join(directory, name)
    writeFileSync(path, JSON.stringify(content))
    return path
  }
}

interface Start {
  readonly args: readonly string[]
  /** What its output has in it. */
  readonly prints: string
  readonly input?: string
}

async function cpuSeconds({ args, prints, input }: Start): Promise<number> {
  const command = [process.execPath, '--import', usageModule, ...args]
  const { code, stdout, stderr } = await runToEnd(command, input)
  if (code !== 0 || !stdout.includes(prints))
    throw new Error(`node ${args.join(' ')} failed: ${stderr.trim()} ${stdout.slice(0, 500)}`)
  return usageIn(stderr).cpuSeconds
}
