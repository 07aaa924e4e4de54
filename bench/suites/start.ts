// Measures the start of `spec` and `check`, beside a Node that does nothing.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alternate, type Bench } from '../measure.ts'
import { runToEnd } from '../processes.ts'
import { median, proportion } from '../statistics.ts'
import { table, two, whole, type Section } from '../table.ts'

const times = 15
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export async function measureStart({ directory, server, layout, verdicts }: Bench): Promise<Section> {
  const config = join(directory, 'check.json')
  const { address, password } = server
  writeFileSync(config, JSON.stringify({ ...layout.config, ...address, ...(password ? { password } : {}) }))
  console.error('start')
  const commands = [
    { name: 'node -e 0', args: ['-e', '0'], prints: '', target: undefined },
    { name: 'spec', args: [main, 'spec'], prints: 'connectionSpecification', target: { atMost: 2 } },
    { name: 'check', args: [main, 'check', '--config', config], prints: 'SUCCEEDED', target: { atMost: 8 } },
  ]
  const runs = await alternate(
    times,
    Object.fromEntries(commands.map(({ name, args, prints }) => [name, async () => time(args, prints)])),
  )
  const rows = commands.map((command) => ({ ...command, seconds: runs[command.name]! }))
  const starts = table(rows, [
    { title: 'command', left: true, cell: ({ name }) => `\`${name}\`` },
    { title: 'ms', cell: ({ seconds }) => whole(median(seconds) * 1000) },
    {
      title: 'of `node -e 0`',
      left: true,
      cell: ({ name, seconds, target }) =>
        verdicts.classify(
          `start of ${name}`,
          proportion(seconds, runs['node -e 0']!, Number).median,
          target,
          two,
        ),
    },
  ])
  return { title: 'Start', tables: [starts], notes: [`Medians of ${times}.`] }
}

async function time(args: string[], prints: string): Promise<number> {
  const { code, seconds, stdout, stderr } = await runToEnd([process.execPath, ...args])
  if (code !== 0 || !stdout.includes(prints))
    throw new Error(`node ${args.join(' ')} failed: ${stderr.trim()} ${stdout.slice(0, 500)}`)
  return seconds
}
