/**
 * A record program says as data what a layout writes of its records, where that is the same for all of them. So the module
 * that has read the records can write their commands, and no record has to enter JavaScript. What a program cannot express
 * is written by `Layout.write`, a record at a time; both must write the same bytes.
 */

export type ProgramText =
  | { readonly kind: 'literal'; readonly bytes: Buffer }
  | { readonly kind: 'id' | 'emitted_at' | 'data' }
  | ColumnText

/** The text of a column. `written`: with `escaped`, a text with `%` or `:` is not written as it is; `number` is a JSON number. */
interface ColumnText {
  readonly kind: 'column'
  readonly name: string
  readonly written: 'plain' | 'escaped' | 'number'
}

/** The texts that an argument is put together from. */
export type ProgramArgument = readonly ProgramText[]

export interface RecordProgram {
  readonly command: string
  readonly key: ProgramArgument
  /** The arguments between the key and those of the records. */
  readonly options: readonly string[]
  /** The arguments of one record. */
  readonly items: readonly ProgramArgument[]
  /** The most records of a command. More than one only where the key is the same for all. */
  readonly mostRecords: number
}

/** Returns the program of such parts; undefined if one of them cannot be expressed. */
export function programOf({
  key,
  items,
  ...rest
}: Omit<RecordProgram, 'key' | 'items'> & {
  key: ProgramArgument | undefined
  items: readonly ProgramArgument[] | undefined
}): RecordProgram | undefined {
  return key && items && { ...rest, key, items }
}

export function literal(text: string | Buffer): ProgramText {
  return { kind: 'literal', bytes: Buffer.from(text) }
}

export const ID_TEXT: ProgramText = { kind: 'id' }
export const EMITTED_AT_TEXT: ProgramText = { kind: 'emitted_at' }
/** The whole record, as JSON. */
export const RECORD_TEXT: ProgramText = { kind: 'data' }
