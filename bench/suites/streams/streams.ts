// Measures whether the number of streams matters: to open and close them, and for each record.
import type { Bench } from '../../loads/measure.ts'
import { measureStartUp } from '../../loads/start-up.ts'
import type { Section } from '../../report/table.ts'
import { interleavedPlot, interleavedTable, measureInterleaved } from './interleaved.ts'
import { measureOpenings, openingPlot, openingTable } from './opening.ts'

export async function measureStreams(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const opened = await measureOpenings(bench, startUp)
  const interleaved = await measureInterleaved(bench, opened.rows)
  return {
    title: 'Streams',
    plots: [interleavedPlot(interleaved.rows), openingPlot(opened.rows)],
    tables: [interleavedTable(bench, interleaved.rows), openingTable(bench, opened.rows)],
    notes: [
      'Interleaved: records of 100 B that alternate between the streams; start, opening and closing are not counted.',
      'The second table has runs with one record for each stream; the start is not counted per stream.',
      ...opened.leftOut,
      ...interleaved.leftOut,
    ],
  }
}
