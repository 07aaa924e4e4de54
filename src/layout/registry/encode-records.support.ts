/** For tests: encodes records as a run does, after the scanner has read them. */
// oxlint-disable no-restricted-imports -- A layout gets records that were read; here they must be read first.
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { parseConfig } from '../../config/parsing/parse-config.ts'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { compactJson } from '../../protocol/columns/compact-json.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { filterOf, type Filter } from '../fields/filter.ts'
import type { Layout, LayoutSettings, RecordView, Refusal } from '../encoding/layout.ts'
import { newRecordView } from '../encoding/record-view.ts'
import { NO_GROUP, CommandGroups } from '../encoding/command-groups.ts'
import { createLayout } from './create-layout.ts'
import { keyTemplateOf } from './default-key-template.ts'
import { STRUCTURES } from './structure-registry.ts'
import type { StreamNames } from '../fields/column-template.ts'

/** What a record is besides its data, and the stream it is of. */
export interface RecordContext extends StreamNames {
  /** The id of the first record; the others follow. */
  id: number
  emittedAt: string
  spread: (record: number) => number
  /** Whether the record replaces its key. */
  replacesKey: (record: number) => boolean
  /** Whether the record replaces what a former generation has at its key. */
  takesOver: (record: number) => boolean
  /** Tells whether a transaction may write several keys. */
  joinsKeys: boolean
}

const USUAL: RecordContext = {
  name: 's',
  namespace: 'n',
  primaryKey: [],
  id: 7,
  emittedAt: '5',
  spread: () => 0.5,
  replacesKey: () => false,
  takesOver: () => false,
  joinsKeys: false,
}

export interface EncodedRecords {
  bytes: Buffer
  commands: string[][]
  /** The indexes of the records that each command writes. */
  records: number[][]
  /** The refusal of each record, as `summaryOf` shows it; undefined if it was not refused. */
  refusals: (string | undefined)[]
}

/** Returns the layout for a configuration with these options; `more` is what the sync mode adds to the settings. */
export function layoutWith(
  options: StoredOptions,
  context: Partial<RecordContext> = {},
  more: Partial<LayoutSettings> = {},
): Layout {
  const [settings, stream] = [
    { ...settingsWith(options), ...more },
    { ...USUAL, ...context },
  ]
  return createLayout({ settings, stream, keyTemplate: keyTemplateOf(settings, stream) })
}

/** Encodes records, which are JSON texts, as one batch. */
export function encodeRecords(
  options: StoredOptions,
  records: readonly string[],
  context: Partial<RecordContext> = {},
  layout = layoutWith(options, context),
  capabilities = ALL_CAPABILITIES,
): EncodedRecords {
  const { id, emittedAt, spread, replacesKey, takesOver, joinsKeys } = { ...USUAL, ...context }
  const out = new CommandGroups(Buffer.alloc(0), capabilities, undefined, joinsKeys)
  const results: (number | Refusal)[] = []
  eachRead(records, emittedAt, layout.usesColumns, (view, record) => {
    view.id = layout.usesIds ? id + record : 0
    view.spread = spread(record)
    view.replacesKey = replacesKey(record)
    view.takesOver = takesOver(record)
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
    refusals: results.map((result) => (typeof result === 'number' ? undefined : summaryOf(result))),
  }
}

/** Returns the commands of records that can all be written. */
export function commandsFor(
  options: StoredOptions,
  records: readonly string[],
  context?: Partial<RecordContext>,
): string[][] {
  const { commands, refusals } = encodeRecords(options, records, context)
  const refused = refusals.find((refusal) => refusal !== undefined)
  if (refused !== undefined) throw new Error(`A record was refused: ${refused}`)
  return commands
}

/** Returns the command of a record that becomes a single one. */
export function commandFor(
  options: StoredOptions,
  record: string,
  context?: Partial<RecordContext>,
): string[] {
  const [command, ...others] = commandsFor(options, [record], context)
  if (command === undefined || others.length > 0) throw new Error(`There are ${others.length + 1} commands`)
  return command
}

/** Returns why a record is refused, as `summaryOf` shows it. */
export function refusalOf(
  options: StoredOptions,
  record: string,
  context?: Partial<RecordContext>,
): string | undefined {
  const { commands, refusals } = encodeRecords(options, [record], context)
  if (commands.length > 0) throw new Error(`There are commands: ${JSON.stringify(commands)}`)
  return refusals[0]
}

/** Returns whether a record is written; `always`: records that are written in any case. */
export function isKept(options: StoredOptions, record: string, always?: Filter): boolean {
  const filter = filterOf(settingsWith(options), always)
  const kept: boolean[] = []
  eachRead([record], USUAL.emittedAt, true, ({ columns }) => kept.push(filter?.(columns) ?? true))
  return kept[0]!
}

/** Options as a configuration may store them. */
type StoredOptions = Omit<RecordOptions, 'fields' | 'record_filter'> & {
  fields?: unknown
  record_filter?: unknown
}

export function settingsWith(options: StoredOptions) {
  return parseConfig(JSON.stringify({ host: 'h', allow_constant_key: true, ...options }), {}, STRUCTURES)
    .config.records
}

/** Reads records, which are JSON texts, one after the other into a view. */
export function eachRead(
  records: readonly string[],
  emittedAt: string,
  usesColumns: boolean,
  visit: (view: RecordView, record: number) => unknown,
): void {
  const input = new MessageReader(1 << 16)
  const view = newRecordView(input.bytes, 0)
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
    view.result = 'written'
    visit(view, record)
  }
}

/** Returns the code of a refusal, its options and its column. */
export function summaryOf({ code, options, params }: Refusal): string {
  return [code, ...options, ...Object.values(params)].join(' ')
}

function recordsOf(group: number, results: readonly (number | Refusal)[]): number[] {
  return group === NO_GROUP ? [] : [...results.keys()].filter((record) => results[record] === group)
}

/** Returns each command as its name and arguments. */
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
