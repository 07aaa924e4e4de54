// Compares append_dedup with an append of the same records: each row once, and few rows again and again.
import { integer, timestamp, type Cursor } from '../../inputs/cursors.ts'
import { writeInput } from '../../inputs/inputs.ts'
import { hashByRow, stringByRow, type Layout } from '../../inputs/layouts.ts'
import {
  alternate,
  connectorCpu,
  loadWithConnector,
  redisCpu,
  scaled,
  wall,
  type Bench,
  type ConnectorLoad,
  type PipelineWrite,
} from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { onceStarted } from '../../loads/start-up.ts'
import { peakColumn } from '../../report/peak-column.ts'
import { medianOf, proportion } from '../../report/statistics.ts'
import { exact, spread, table, two, whole } from '../../report/table.ts'
import { DEDUP_TARGETS, type Target } from '../../report/targets.ts'

const repeatedRows = 1_000

const cases: { name: string; rows: number | undefined; cursor: Cursor; target: Target }[] = [
  { name: 'fresh', rows: undefined, cursor: timestamp, target: DEDUP_TARGETS.fresh },
  { name: 'fresh', rows: undefined, cursor: integer, target: DEDUP_TARGETS.fresh },
  {
    name: `${exact(repeatedRows)} again`,
    rows: repeatedRows,
    cursor: timestamp,
    target: DEDUP_TARGETS.again,
  },
  { name: `${exact(repeatedRows)} again`, rows: repeatedRows, cursor: integer, target: DEDUP_TARGETS.again },
]

export async function measureDedup(
  bench: Bench,
  startSeconds: number,
): Promise<{ tables: string[]; leftOut: string[] }> {
  const { rows, leftOut } = await measureEach(
    cases,
    ({ name, cursor }) => `append_dedup, keys ${name}, ${cursor.name}`,
    async (one) => measureCase(bench, one),
  )
  const inOrder = rows.flat().toSorted((a, b) => a.structure.localeCompare(b.structure))
  return { tables: [speedTable(bench, inOrder, startSeconds), workTable(bench, inOrder)], leftOut }
}

type Row = {
  structure: string
  keys: string
  cursor: string
  target: Target
  records: number
  append: ConnectorLoad[]
  dedup: ConnectorLoad[]
}

async function measureCase(
  bench: Bench,
  { name, rows, cursor, target }: (typeof cases)[number],
): Promise<Row[]> {
  const { layout, options, directory } = bench
  const records = scaled(bench, 500_000)
  using input = writeInput(directory, {
    layout,
    dataBytes: 640,
    records,
    ...(rows === undefined ? {} : { rows: Math.min(rows, records) }),
    cursor: cursor.value,
  })
  const append = async (as: Layout) => loadWithConnector(bench, { ...input, layout: as })
  const dedup = async (as: Layout) =>
    loadWithConnector(bench, { ...input, layout: as }, { mode: 'append_dedup' })
  // In its first load Redis allocates memory; that would make the first run look slower.
  await append(layout)
  const runs = await alternate(options.runs, {
    hashAppend: async () => append(layout),
    hashDedup: async () => dedup(hashByRow),
    stringAppend: async () => append(stringByRow),
    stringDedup: async () => dedup(stringByRow),
  })
  const same = { keys: name, cursor: cursor.name, target, records }
  return [
    { ...same, structure: hashByRow.name, append: runs.hashAppend, dedup: runs.hashDedup },
    { ...same, structure: stringByRow.name, append: runs.stringAppend, dedup: runs.stringDedup },
  ]
}

function speedTable({ targetLog }: Bench, rows: Row[], startSeconds: number): string {
  const ratio = ({ append, dedup }: Row) => proportion<PipelineWrite>(append, dedup, wall)
  return table(rows, [
    ...caseColumns,
    { title: 'records', cell: ({ records }) => exact(records) },
    { title: 'append records/s', cell: ({ records, append }) => whole(records / medianOf(append, wall)) },
    { title: 'append_dedup records/s', cell: ({ records, dedup }) => whole(records / medianOf(dedup, wall)) },
    {
      title: 'ratio',
      left: true,
      cell: (row) => targetLog.compare(`append_dedup of ${named(row)}`, ratio(row).median, row.target, two),
    },
    { title: 'lowest–highest', cell: (row) => spread(ratio(row)) },
    { title: 'once started', cell: (row) => two(onceStarted(row.dedup, row.append, startSeconds)) },
  ])
}

function workTable({ targetLog }: Bench, rows: Row[]): string {
  return table(rows, [
    ...caseColumns,
    { title: 'append: connector CPU s', cell: ({ append }) => two(medianOf(append, connectorCpu)) },
    { title: 'append_dedup', cell: ({ dedup }) => two(medianOf(dedup, connectorCpu)) },
    { title: 'append: Redis CPU s', cell: ({ append }) => two(medianOf(append, redisCpu)) },
    { title: 'append_dedup', cell: ({ dedup }) => two(medianOf(dedup, redisCpu)) },
    peakColumn(
      targetLog,
      (row) => `append_dedup of ${named(row)}`,
      ({ dedup }) => dedup,
    ),
  ])
}

const caseColumns = [
  { title: 'structure', left: true, cell: ({ structure }: Row) => structure },
  { title: 'keys', left: true, cell: ({ keys }: Row) => keys },
  { title: 'cursor', left: true, cell: ({ cursor }: Row) => cursor },
]

function named({ structure, keys, cursor }: Row): string {
  return `${structure}, ${keys}, ${cursor}`
}
