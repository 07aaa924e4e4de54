/** A text somewhere in memory, and how the text of a record is found. */
import type { RecordView } from './layout.ts'

/** A range of bytes that is valid until the next record. */
export interface TextRange {
  bytes: Buffer
  start: number
  end: number
}

export interface Content {
  readonly usesColumns: boolean
  /** Sets `range` to the JSON text of the record. */
  locate(record: RecordView, range: TextRange): void
}
