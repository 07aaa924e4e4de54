/**
 * What a line is made of in front of a record's data: most lines of a stream have the same bytes there. They are
 * compared, and what was found in them is taken from the record before.
 */
import { last, returnTo } from './known-names'
import { hashNames, Row } from './message-row'

const LANES: usize = 16

/** The most bytes of a head that is kept. */
const MOST_BYTES: usize = 512
const text = memory.data(512 + 16)

/** The bytes of the head that is kept; 0 if there is none. */
let size: usize = 0

/** What was found in it, with addresses as distances from its first byte. */
const found = changetype<Row>(memory.data(96))

/** The name of the data. */
let dataName: usize = 0

/** Returns the address of the data behind the head at `at`, if that is the one which is kept; else 0. */
export function dataBehindKnownHead(at: usize): usize {
  if (size == 0) return 0
  let rest = size
  let from = at
  let kept: usize = text
  for (; rest > LANES; rest -= LANES, from += LANES, kept += LANES)
    if (i8x16.bitmask(i8x16.eq(v128.load(from), v128.load(kept))) != 0xffff) return 0
  const wanted: i32 = (1 << (<i32>rest)) - 1
  const same = i8x16.bitmask(i8x16.eq(v128.load(from), v128.load(kept)))
  return (same & wanted) == wanted ? at + size : 0
}

/** Continues behind the name of the data, and sets in the row of the line what the head which is kept contains. */
export function takeKnownHead(row: Row): void {
  const start = row.textStart
  returnTo(dataName)
  row.kind = found.kind
  row.has = found.has
  row.hash = found.hash
  if (found.streamEnd != 0) {
    row.streamStart = start + found.streamStart
    row.streamEnd = start + found.streamEnd
  }
  if (found.namespaceEnd != 0) {
    row.namespaceStart = start + found.namespaceStart
    row.namespaceEnd = start + found.namespaceEnd
  }
}

/** Keeps the head of a line, up to the `data` of its record, if it says nothing but the names of the record. */
export function keepHead(row: Row, data: usize): void {
  const start = row.textStart
  size = 0
  const hasMore = row.emittedAtEnd | row.dataEnd | row.changesEnd | row.stateEnd | row.problem | row.statsEnd
  if (hasMore != 0 || row.stateIsEmpty != 0 || data - start > MOST_BYTES) return
  hashNames(row)
  found.kind = row.kind
  found.has = row.has
  found.hash = row.hash
  found.streamStart = row.streamStart - start
  found.streamEnd = row.streamEnd == 0 ? 0 : row.streamEnd - start
  found.namespaceStart = row.namespaceStart - start
  found.namespaceEnd = row.namespaceEnd == 0 ? 0 : row.namespaceEnd - start
  dataName = last
  size = data - start
  memory.copy(text, start, size)
}
