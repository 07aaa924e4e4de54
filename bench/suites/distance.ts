// Measures throughput through a proxy that delays, in proportion to the same proxy without a delay.
import { startProxy } from '../../integration_tests/support/proxy.ts'
import { writeInput } from '../inputs/inputs.ts'
import { alternate, loadWithConnector, scaled, type Bench } from '../loads/measure.ts'
import { medianOf, proportion } from '../report/statistics.ts'
import { spread, table, two, whole, type Section } from '../report/table.ts'

const delays = [
  { ms: 0, target: undefined },
  { ms: 5, target: { atLeast: 0.8 } },
  { ms: 50, target: { atLeast: 0.5 } },
]

export async function measureDistance(bench: Bench): Promise<Section> {
  const { layout, server, options, directory, verdicts } = bench
  const section = { title: 'By distance', tables: [], notes: ['Left out: the proxy reaches loopback only.'] }
  if (!server.own) return section

  const records = scaled(bench, 500_000)
  console.error(`distance, ${records} records of 640 B`)
  using input = writeInput(directory, { layout, dataBytes: 640, records })
  await using proxy = await startProxy(server.address.port)
  const redis = { host: '127.0.0.1', port: proxy.port }
  const runs = await alternate(
    options.runs,
    Object.fromEntries(
      delays.map(({ ms }) => [
        `${ms} ms`,
        async () => {
          await proxy.setMode(ms === 0 ? { kind: 'pass' } : { kind: 'delay', ms })
          return loadWithConnector(bench, input, { redis })
        },
      ]),
    ),
  )
  const rows = delays.map((delay) => {
    const own = runs[`${delay.ms} ms`]!
    const held = proportion(runs['0 ms']!, own, ({ wallSeconds }) => wallSeconds)
    return { ...delay, held, seconds: medianOf(own, ({ wallSeconds }) => wallSeconds) }
  })
  const distances = table(rows, [
    { title: 'added each way', cell: ({ ms }) => `${ms} ms` },
    { title: 'records/s', cell: ({ seconds }) => whole(records / seconds) },
    { title: 'MB/s', cell: ({ seconds }) => whole(input.messageBytes / 1e6 / seconds) },
    {
      title: 'of that with 0 ms',
      left: true,
      cell: ({ ms, held, target }) => verdicts.classify(`throughput at ${ms} ms`, held.median, target, two),
    },
    { title: 'lowest–highest', cell: ({ held }) => spread(held) },
  ])
  return { title: 'By distance', tables: [distances], notes: ['640 B.'] }
}
