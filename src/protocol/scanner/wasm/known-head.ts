/**
 * What lines are made of in front of their records' data: most lines of a stream have the same bytes there. They are
 * compared with the heads that were read before, and what was found in one of those need not be looked for again.
 */
import { isSame } from './bytes'
import { last, returnTo } from './known-names'
import { hashNames, Row } from './message-row'
import { Name } from './protocol-names'

const LANES: usize = 16

/** So many streams may alternate before their heads are read anew. */
const MOST_HEADS: i32 = 8

/** The most bytes of a head that is kept. */
const MOST_BYTES: usize = 512

@unmanaged
class Head {
  /** The number of bytes; 0 where no head is kept. */
  size: usize
  /** The name of the data. */
  dataName: usize
  /** The parts of a row, with addresses as distances from the first byte of the head; 0 for a missing part. */
  kind: i32
  has: i32
  hash: u32
  streamStart: usize
  streamEnd: usize
  namespaceStart: usize
  namespaceEnd: usize
}

const HEAD_SIZE: usize = offsetof<Head>()
const heads = memory.data(8 * 36)
const texts = memory.data(8 * (512 + 16))

/** The head that was found, or kept, last. */
let current: i32 = 0

function headAt(index: i32): Head {
  return changetype<Head>(heads + <usize>index * HEAD_SIZE)
}

function textOf(index: i32): usize {
  return texts + <usize>index * (MOST_BYTES + LANES)
}

/**
 * Returns the address of the data behind a head that was read before; 0 if none of them begins at `at`. If there is one,
 * the row gets what it contains, and the name of the data counts as the one that was read last.
 */
export function passKnownHead(at: usize, row: Row): usize {
  for (let tries: i32 = 0; tries < MOST_HEADS; tries++) {
    const index = (current + tries) % MOST_HEADS
    const size = headAt(index).size
    if (size == 0 || !isSame(at, textOf(index), size)) continue
    current = index
    take(headAt(index), at, row)
    return at + size
  }
  return 0
}

function take(head: Head, start: usize, row: Row): void {
  returnTo(head.dataName, Name.Data)
  row.kind = head.kind
  row.has = head.has
  row.hash = head.hash
  if (head.streamEnd != 0) {
    row.streamStart = start + head.streamStart
    row.streamEnd = start + head.streamEnd
  }
  if (head.namespaceEnd != 0) {
    row.namespaceStart = start + head.namespaceStart
    row.namespaceEnd = start + head.namespaceEnd
  }
}

/** Keeps the head of a line, up to the `data` of its record, if it says nothing but the names of the record. */
export function keepHead(row: Row, data: usize): void {
  const start = row.textStart
  const hasMore = row.emittedAtEnd | row.dataEnd | row.changesEnd | row.stateEnd | row.problem | row.statsEnd
  if (hasMore != 0 || row.stateIsEmpty != 0 || data - start > MOST_BYTES) return
  current = (current + 1) % MOST_HEADS
  const head = headAt(current)
  hashNames(row)
  head.size = data - start
  head.dataName = last
  head.kind = row.kind
  head.has = row.has
  head.hash = row.hash
  head.streamStart = row.streamStart - start
  head.streamEnd = row.streamEnd == 0 ? 0 : row.streamEnd - start
  head.namespaceStart = row.namespaceStart - start
  head.namespaceEnd = row.namespaceEnd == 0 ? 0 : row.namespaceEnd - start
  memory.copy(textOf(current), start, head.size)
}
