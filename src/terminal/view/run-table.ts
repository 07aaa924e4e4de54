/** The table at the end of a run: one row per stream, and what was not written. */
import { bytesText, numberText, rateText, type RunCounts, type RunSnapshot } from './progress-line.ts'

export function runTable({ streams, bytes }: RunSnapshot, { states, seconds }: RunCounts): string {
  const reasons = [...new Set(streams.flatMap(({ others }) => Object.keys(others)))].filter((reason) =>
    streams.some(({ others }) => (others[reason] ?? 0) > 0),
  )
  const rows = [
    ['stream', 'written', ...reasons],
    ...streams.map(({ name, records, others }) => {
      const left = Object.values(others).reduce((sum, count) => sum + count, 0)
      return [name, numberText(records - left), ...reasons.map((reason) => numberText(others[reason] ?? 0))]
    }),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
  const records = streams.reduce((sum, stream) => sum + stream.records, 0)
  const summary =
    `${numberText(records)} ${records === 1 ? 'record' : 'records'} in ${seconds.toFixed(1)} s (${rateText(records, seconds)}), ` +
    `${bytesText(bytes)}, ${numberText(states)} ${states === 1 ? 'state' : 'states'} acknowledged`
  return `${lines.join('\n')}\n${summary}\n`
}
