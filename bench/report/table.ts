// Markdown tables that are readable in a terminal, and the formats of figures in them.
import type { Plot } from './plot.ts'
import type { Spread } from './statistics.ts'

export type Column<Row> = { title: string; left?: boolean; cell: (row: Row) => string }

export type Section = { title: string; notes: string[]; tables: string[]; plots?: Plot[] }

/** Returns nothing for no rows, which all have been left out. */
export function table<Row>(rows: Row[], columns: Column<Row>[]): string {
  if (rows.length === 0) return ''
  const texts = columns.map(({ title, cell }) => [title, ...rows.map(cell)])
  const widths = texts.map((column) => Math.max(4, ...column.map((text) => text.length)))
  const line = (index: number) =>
    `| ${columns.map(({ left }, at) => pad(texts[at]![index]!, widths[at]!, left)).join(' | ')} |`
  const rule = columns.map(({ left }, at) =>
    left ? '-'.repeat(widths[at]!) : `${'-'.repeat(widths[at]! - 1)}:`,
  )
  return [line(0), `| ${rule.join(' | ')} |`, ...rows.map((_, index) => line(index + 1))].join('\n')
}

export function formatSection({ title, notes, tables, plots = [] }: Section): string {
  const images = plots.map((plot) => `![${plot.title}](${plot.file})`)
  const points = notes.map((note) => `- ${note}`).join('\n')
  return [`### ${title}`, ...images, ...tables, points].filter(Boolean).join('\n\n')
}

/** No measurement here is more exact than three digits. What could not be measured is a dash. */
export function whole(figure: number): string {
  if (Number.isNaN(figure)) return '–'
  return Number(figure.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: figure < 10 ? 1 : 0 })
}

export function exact(count: number): string {
  return count.toLocaleString('en-US')
}

export function two(figure: number): string {
  return Number.isNaN(figure) ? '–' : figure.toFixed(2)
}

export function spread({ lowest, highest }: Spread): string {
  return `${two(lowest)}–${two(highest)}`
}

function pad(text: string, width: number, left = false): string {
  return left ? text.padEnd(width) : text.padStart(width)
}
