/** For tests: the commands that records become, which a scanner has read as it does in a run. */
// oxlint-disable no-restricted-imports -- A layout is given what was read; here it must be read first.
import { parseConfig } from '../../config/parsing/parse-config.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { Columns } from '../../protocol/columns/columns.ts'
import { compactJson } from '../../protocol/columns/compact-json.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { filterOf, type Filter } from '../fields/filter.ts'
import type { Layout, LayoutSettings, RecordView, Refusal } from '../encoding/layout.ts'
import { NO_GROUP, CommandGroups } from '../encoding/command-groups.ts'
import { keyTemplateOf, layoutFor } from './create-layout.ts'
import type { StreamNames } from '../fields/column-template.ts'

/** What the options and the records do not say. */
export interface Given extends StreamNames {
  /** Of the first record; the others follow. */
  id: number
  emittedAt: string
  spread: (record: number) => number
  /** Whether nothing of what is there is to stay. */
  startsAnew: (record: number) => boolean
}

const USUAL: Given = {
  name: 's',
  namespace: 'n',
  primaryKey: [],
  id: 7,
  emittedAt: '5',
  spread: () => 0.5,
  startsAnew: () => false,
}

export interface LaidOut {
  bytes: Buffer
  commands: string[][]
  /** By command: the places of the records it writes. */
  records: number[][]
  /** By record, where one was refused. */
  refusals: (Refusal | undefined)[]
}

/** The layout that a configuration with these options gives; `asked` is what the sync mode asks for besides. */
export function layoutWith(
  options: RecordOptions,
  given: Partial<Given> = {},
  asked: Partial<LayoutSettings> = {},
): Layout {
  const [settings, stream] = [
    { ...settingsWith(options), ...asked },
    { ...USUAL, ...given },
  ]
  return layoutFor({ settings, stream, keyTemplate: keyTemplateOf(settings, stream) })
}

/** Lays out records, given as JSON text, and puts in what was held back. */
export function laidOut(
  options: RecordOptions,
  records: readonly string[],
  given: Partial<Given> = {},
  layout = layoutWith(options, given),
): LaidOut {
  const { id, emittedAt, spread, startsAnew } = { ...USUAL, ...given }
  const out = new CommandGroups(Buffer.alloc(0))
  const results: (number | Refusal)[] = []
  eachRead(records, emittedAt, layout.usesColumns, (view, record) => {
    view.id = layout.usesIds ? id + record : 0
    view.spread = spread(record)
    view.startsAnew = startsAnew(record)
    results.push(layout.write(out, view))
  })
  layout.flush(out)
  const bytes = out.bytes.subarray(0, out.length)
  const commands = commandsIn(bytes)
  if (commands.length !== out.commands) throw new Error(`${out.commands} commands were counted`)
  return {
    bytes,
    commands,
    records: commands.map((_, command) => recordsOf(out.groupOf(command), results)),
    refusals: results.map((result) => (typeof result === 'string' ? result : undefined)),
  }
}

/** The commands of records that can all be written. */
export function commandsFor(
  options: RecordOptions,
  records: readonly string[],
  given?: Partial<Given>,
): string[][] {
  const { commands, refusals } = laidOut(options, records, given)
  const refused = refusals.find((refusal) => refusal !== undefined)
  if (refused !== undefined) throw new Error(`A record was refused: ${refused}`)
  return commands
}

/** The command of a record that becomes a single one. */
export function commandFor(options: RecordOptions, record: string, given?: Partial<Given>): string[] {
  const [command, ...others] = commandsFor(options, [record], given)
  if (command === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} commands`)
  return command
}

/** Why a record is refused, which leaves no trace among the commands. */
export function refusalOf(
  options: RecordOptions,
  record: string,
  given?: Partial<Given>,
): string | undefined {
  const { commands, refusals } = laidOut(options, [record], given)
  if (commands.length > 0) throw new Error(`There are commands: ${JSON.stringify(commands)}`)
  return refusals[0]
}

/** Whether a record is written at all; `always` lets others through. */
export function isKept(options: RecordOptions, record: string, always?: Filter): boolean {
  const filter = filterOf(settingsWith(options), always)
  const kept: boolean[] = []
  eachRead([record], USUAL.emittedAt, true, ({ columns }) => kept.push(filter?.(columns) ?? true))
  return kept[0]!
}

export function settingsWith(options: RecordOptions) {
  return parseConfig(JSON.stringify({ host: 'h', ...options }), {}).config.records
}

/** Reads records, given as JSON text, one after the other into a view. */
export function eachRead(
  records: readonly string[],
  emittedAt: string,
  usesColumns: boolean,
  visit: (view: RecordView, record: number) => unknown,
): void {
  const input = new MessageReader(1 << 16)
  const view = { bytes: input.bytes, columns: new Columns(), id: 0, spread: 0 } as RecordView
  for (const [record, data] of records.entries()) {
    const message = `{"stream":"s","data":${data},"emitted_at":${emittedAt}}`
    input.append(Buffer.from(`{"type":"RECORD","record":${message}}\n`))
    if (!input.next()) throw new Error(`This is not a line: ${data}`)
    const { data: range, emittedAt: time, dataHasSpace } = input.message
    view.emittedAtStart = time.start
    view.emittedAtEnd = time.end
    view.dataStart = range.start
    view.dataEnd = dataHasSpace ? compactJson(input.bytes, range.start, range.end) : range.end
    if (usesColumns) view.columns.read(input.block.scanner, view.dataStart, view.dataEnd)
    view.bytes = input.bytes
    visit(view, record)
  }
}

function recordsOf(group: number, results: readonly (number | Refusal)[]): number[] {
  return group === NO_GROUP ? [] : [...results.keys()].filter((record) => results[record] === group)
}

/** Each command as its name and arguments. */
export function commandsIn(bytes: Buffer): string[][] {
  let at = 0
  const readSize = (kind: string): number => {
    const end = bytes.indexOf('\r\n', at)
    const text = bytes.toString('latin1', at, end)
    if (end === -1 || !text.startsWith(kind)) throw new Error(`Not a command: ${JSON.stringify(text)}`)
    at = end + 2
    return Number(text.slice(1))
  }
  const readArgument = (): string => {
    const size = readSize('$')
    const text = bytes.toString('utf8', at, at + size)
    at += size + 2
    return text
  }
  const commands: string[][] = []
  while (at < bytes.length) commands.push(Array.from({ length: readSize('*') }, readArgument))
  return commands
}
