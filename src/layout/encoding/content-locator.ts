/** Finds the text of a record. */
import type { RecordView } from './layout.ts'
import type { TextRange } from './text-range.ts'

export interface Content {
  /** Whether it is the record as it is. */
  readonly isWhole: boolean
  readonly usesColumns: boolean
  /** Sets `range` to the JSON text of the record. */
  locate(record: RecordView, range: TextRange): void
}
