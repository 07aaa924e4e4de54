/** Finds the columns of one record of a batch after the other: those that were captured where they are enough, or else all. */
import type { RecordView } from '../../layout/encoding/layout.ts'
import type { InputBlock } from '../../protocol/input/input-block.ts'
import type { CapturedColumns } from '../streams/captured-columns.ts'
import { RecordNumber } from './record-table.ts'

/** Stands for the offsets of captured columns that are not known. */
export const UNKNOWN = -1

export class BatchColumns {
  /** The names of the columns that the scanner captures. */
  readonly captured: readonly string[]
  /** The position of the record's row in the table. */
  row = 0
  /** Tells of each stream whether captured columns are all that it needs. */
  readonly #areEnough: readonly boolean[]
  readonly #values: { names: readonly string[]; starts: Int32Array; at: number; start: number; end: number }

  constructor({ names, areEnough }: CapturedColumns) {
    this.captured = names
    this.#areEnough = areEnough
    this.#values = { names, starts: new Int32Array(0), at: 0, start: 0, end: 0 }
  }

  /** `numbers`: those of the table. */
  read(view: RecordView, scanner: InputBlock['scanner'], numbers: Int32Array): void {
    const stream = numbers[this.row + RecordNumber.stream]!
    const at = this.row + RecordNumber.captured
    if (this.#areEnough[stream] !== true || numbers[at] === UNKNOWN) {
      view.columns.read(scanner, view.dataStart, view.dataEnd)
      view.bytes = scanner.bytes
      return
    }
    const values = this.#values
    values.starts = numbers
    values.at = at
    values.start = view.dataStart
    values.end = view.dataEnd
    view.columns.take(scanner, values)
  }
}
