// Measures a run before its first record: the start of the process, loading modules, connecting.
import { writeInput } from '../inputs/inputs.ts'
import { alternate, loadWithConnector, type Bench, type PipelineWrite } from './measure.ts'
import { median, medianOf } from '../report/statistics.ts'

/** Returns the seconds of a `write` of one record. */
export type StartUp = { wall: number; cpu: number }

export async function measureStartUp(bench: Bench): Promise<StartUp> {
  console.error('start-up')
  using single = writeInput(bench.directory, { layout: bench.layout, dataBytes: 100, records: 1 })
  const { write } = await alternate(5, { write: async () => loadWithConnector(bench, single) })
  return {
    wall: medianOf(write, ({ wallSeconds }) => wallSeconds),
    cpu: medianOf(write, ({ cpuSeconds }) => cpuSeconds),
  }
}

/** Returns the ratio of alternating loads, without the start of each. */
export function onceStarted(
  loads: Pick<PipelineWrite, 'wallSeconds'>[],
  others: Pick<PipelineWrite, 'wallSeconds'>[],
  startSeconds: number,
  startOfOthers = startSeconds,
): number {
  return median(
    loads.map(
      (load, pair) => (others[pair]!.wallSeconds - startOfOthers) / (load.wallSeconds - startSeconds),
    ),
  )
}
