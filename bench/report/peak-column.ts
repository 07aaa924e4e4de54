// The column with the highest resident memory of the connector, beside the bound that holds in every suite.
import type { Column } from './table.ts'
import { whole } from './table.ts'
import type { TargetLog } from './target-log.ts'
import { MEMORY } from './targets.ts'

export function peakColumn<Row>(
  targetLog: TargetLog,
  nameOf: (row: Row) => string,
  runsOf: (row: Row) => readonly { peakMb: number }[],
): Column<Row> {
  return {
    title: 'peak MB',
    left: true,
    cell: (row) => {
      const peak = Math.max(...runsOf(row).map(({ peakMb }) => peakMb))
      return targetLog.compare(`peak MB, ${nameOf(row)}`, peak, MEMORY, whole)
    },
  }
}
