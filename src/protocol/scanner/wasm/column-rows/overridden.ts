/**
 * Finds members whose name is repeated in the same object. For small objects, the fingerprint of each name is compared
 * with all before it, four at a time. Large objects, and objects with escapes in names, use a hash table.
 */
import { Column, ColumnFlag, ColumnKind, columnAt, KIND_BITS } from './column-slice'
import { fingerprint, hashOfName, isSameName, isSameText } from './names'

/** Comparing all pairs is faster up to about this number of members. */
const SMALL: i32 = 64
const fingerprints = memory.data(SMALL * 4)
const members = memory.data(SMALL * 4)

/** `slots`: memory with 32 bytes for each row. */
export function markOverridden(table: usize, rows: i32, slots: usize): void {
  markAmong(table, 0, rows, slots)
  for (let row: i32 = 0; row < rows;) {
    const column = columnAt(table, row++)
    // Everything nested in it is overridden, too. Skipping it bounds the work where names repeat at every level.
    if ((column.flags & ColumnFlag.Overridden) != 0) row = column.next
    else if ((column.flags & KIND_BITS) == ColumnKind.Object) markAmong(table, row, column.next, slots)
  }
}

/** Checks the members of one object, the first of which is in row `first`. */
function markAmong(table: usize, first: i32, end: i32, slots: usize): void {
  let count: i32 = 0
  for (let row = first; row < end;) {
    const column = columnAt(table, row)
    if (count == SMALL || (column.flags & ColumnFlag.NameHasEscape) != 0)
      return markByHash(table, first, end, slots)
    const print = fingerprint(column.nameStart, column.nameEnd)
    const lanes = i32x4.splat(print)
    for (let others: i32 = 0; others < count; others += 4) {
      let same = i32x4.bitmask(i32x4.eq(lanes, v128.load(fingerprints + (others << 2))))
      // The fingerprints behind the last one belong to another object.
      if (count - others < 4) same &= (1 << (count - others)) - 1
      for (; same != 0; same &= same - 1) {
        const other = load<i32>(members + ((others + ctz(same)) << 2))
        if (isSameText(columnAt(table, other), column)) mark(table, other)
      }
    }
    store<i32>(fingerprints + (count << 2), print)
    store<i32>(members + (count << 2), row)
    count++
    row = column.next
  }
}

/** A slot has the upper half of a name's hash above the last row with that name, counted from 1; or it is 0. */
function markByHash(table: usize, first: i32, end: i32, slots: usize): void {
  let count: i32 = 0
  for (let row = first; row < end; row = columnAt(table, row).next) count++
  if (count == 1) return
  // A power of two, so that between half and three quarters of the slots remain empty.
  const size: i32 = 1 << (33 - clz(count - 1))
  memory.fill(slots, 0, (<usize>size) << 3)
  for (let row = first; row < end; row = columnAt(table, row).next) {
    const column = columnAt(table, row)
    const hash = hashOfName(column)
    const tag = hash & 0xffffffff00000000
    for (let index = (<i32>hash) & (size - 1); ; index = (index + 1) & (size - 1)) {
      const slot = slots + ((<usize>index) << 3)
      const entry = load<u64>(slot)
      if (entry != 0) {
        if ((entry & 0xffffffff00000000) != tag) continue
        const other = <i32>entry - 1
        if (!isSameName(columnAt(table, other), column)) continue
        mark(table, other)
      }
      store<u64>(slot, tag | (<u64>(row + 1)))
      break
    }
  }
}

function mark(table: usize, row: i32): void {
  const column = columnAt(table, row)
  if ((column.flags & ColumnFlag.Overridden) != 0) return
  for (const end = column.next; row < end; row++) columnAt(table, row).flags |= ColumnFlag.Overridden
}
