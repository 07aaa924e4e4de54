/** Finds the text of a record. */
import type { RecordView } from './layout.ts'
import type { TextRange } from './text-range.ts'

export interface Content {
  /** Tells whether the text is all of the record, unchanged. */
  readonly isWhole: boolean
  readonly usesColumns: boolean
  /** Sets `range` to the JSON text of the record. */
  locate(record: RecordView, range: TextRange): void
}
