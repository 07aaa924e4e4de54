// Measures throughput through a proxy that delays, in proportion to the same proxy without a delay.
import { startProxy } from '../../integration_tests/support/proxy.ts'
import { writeInput } from '../inputs/inputs.ts'
import { Missing } from '../left-out.ts'
import { alternate, loadWithConnector, scaled, type Bench } from '../loads/measure.ts'
import { peakColumn } from '../report/peak-column.ts'
import { medianOf, proportion } from '../report/statistics.ts'
import { spread, table, two, whole, type Section } from '../report/table.ts'
import { DISTANCE_TARGETS } from '../report/targets.ts'

const delays = [0, 5, 50].map((ms) => ({ ms, target: DISTANCE_TARGETS[ms] }))

export async function measureDistance(bench: Bench): Promise<Section> {
  const { layout, server, options, directory, targetLog } = bench
  if (!server.own) throw new Missing('The proxy reaches loopback only.')

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
    return { ...delay, own, held, seconds: medianOf(own, ({ wallSeconds }) => wallSeconds) }
  })
  const distances = table(rows, [
    { title: 'added each way', cell: ({ ms }) => `${ms} ms` },
    { title: 'records/s', cell: ({ seconds }) => whole(records / seconds) },
    { title: 'MB/s', cell: ({ seconds }) => whole(input.messageBytes / 1e6 / seconds) },
    {
      title: 'of that with 0 ms',
      left: true,
      cell: ({ ms, held, target }) => targetLog.compare(`throughput at ${ms} ms`, held.median, target, two),
    },
    { title: 'lowest–highest', cell: ({ held }) => spread(held) },
    peakColumn(
      targetLog,
      ({ ms }) => `at ${ms} ms`,
      ({ own }) => own,
    ),
  ])
  return { title: 'By distance', tables: [distances], notes: ['640 B.'] }
}
