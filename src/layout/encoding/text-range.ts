/** JSON text that lies somewhere in memory, and how a record's text is found. */
import type { RecordView } from './layout.ts'

/** A range of bytes that holds until the next one is asked for. */
export interface TextRange {
  bytes: Buffer
  start: number
  end: number
}

export interface Content {
  readonly usesColumns: boolean
  /** Sets `range` to the JSON text. */
  locate(record: RecordView, range: TextRange): void
}
