/** The row of one column that is captured: it is made from the address of its value alone. */
import { CLOSE_OBJECT, OPEN_OBJECT } from '../bytes'
import { passSpace } from '../json'
import { ColumnKind, columnAt } from './column-slice'
import { passArray, passValue } from './record-columns'

const rows = memory.data(4 * 24)

export function capturedRowStart(): usize {
  return rows
}

/** Fills the row of a column whose value begins at `at`. It has no name, as who asks for it knows that. */
export function capturedRow(index: i32, at: usize): void {
  const column = columnAt(rows, index)
  column.valueStart = at
  if (load<u8>(at) == OPEN_OBJECT) {
    column.flags = load<u8>(passSpace(at + 1)) == CLOSE_OBJECT ? ColumnKind.EmptyObject : ColumnKind.Object
    column.valueEnd = passArray(at)
  } else column.valueEnd = passValue(at, column, 0)
}
