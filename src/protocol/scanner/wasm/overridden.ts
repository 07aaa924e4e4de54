/**
 * Finds the members whose name comes again in the same object. Small objects compare each name's fingerprint with all
 * before it, four at a time; large ones, and those where an escape can hide a name, keep a hash table.
 */
import { Column, ColumnFlag, ColumnKind, columnAt, KIND_BITS } from './column-slice'
import { fingerprint, hashOfName, isSameName, isSameText } from './names'

/** Comparing each with each is the faster way up to about so many members. */
const SMALL: i32 = 64
const fingerprints = memory.data(SMALL * 4)
const members = memory.data(SMALL * 4)

/** `slots`: memory of 32 bytes a row. */
export function markOverridden(table: usize, rows: i32, slots: usize): void {
  markAmong(table, 0, rows, slots)
  for (let row: i32 = 0; row < rows;) {
    const column = columnAt(table, row++)
    // Marked with all that is nested in it: this also bounds the work where many names come twice at every level.
    if ((column.flags & ColumnFlag.Overridden) != 0) row = column.next
    else if ((column.flags & KIND_BITS) == ColumnKind.Object) markAmong(table, row, column.next, slots)
  }
}

/** Looks at the members of one object, the first of which is in row `first`. */
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
      // Behind the last lie fingerprints of another object.
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

/** A slot holds the upper half of a name's hash above the row that had the name last, counted from 1; or 0. */
function markByHash(table: usize, first: i32, end: i32, slots: usize): void {
  let count: i32 = 0
  for (let row = first; row < end; row = columnAt(table, row).next) count++
  if (count == 1) return
  // A power of two, so that between half and three quarters of the slots stay empty.
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
