/** Makes the view that a layout gets records in. */
import { Columns } from '../../protocol/columns/columns.ts'
import type { RecordView } from './layout.ts'

/** The changes of a record whose source reports none. */
export const NO_CHANGES = Buffer.from('[]')

/** Returns a view of no record yet. `now`: epoch milliseconds. */
export function newRecordView(bytes: Buffer, now: number): RecordView {
  return {
    bytes,
    columns: new Columns(),
    key: undefined,
    id: 0,
    emittedAtStart: 0,
    emittedAtEnd: 0,
    dataStart: 0,
    dataEnd: 0,
    changes: NO_CHANGES,
    replacesKey: false,
    takesOver: false,
    spread: 0,
    now,
    result: 'written',
  }
}
