/**
 * Encodes records as Redis commands by a record program, so that they need not enter JavaScript one by one. The program is
 * data that a layout has made (layout/encoding/record-program.ts), as numbers (sync/batches/compiled-program.ts).
 */
import { BatchRow, batchRowAt, CAPTURED, LEFT_OUT } from './batch-row'
import { COMMAND_SIZE, sortByOwner } from './owners/by-owner'
import { copy, digitsOf, writeCount, writeLineEnd, writeSize } from './column-rows/arguments'
import { findColumn, findId, findRange, setId, TextKind, textSize, textStart } from './program-text'

/** The program, first its numbers, then its literal texts; offsets count from its beginning. */
const program = memory.data(4096)

/** The commands that were encoded: where each begins, and where its key begins and ends. */
const commands = memory.data(3072)

/** Two commands with many records are a transaction: sync/dataflow/transactions.ts. */
const ROOM: usize = 135168
const region = memory.data(135168 + 128)

/** JavaScript copies what is longer once, to where it is sent from. */
const MOST_DATA: usize = 16384

/** The header of a command is written when it is known how many arguments there are: `*<count>\r\n`. */
const HEADER_ROOM: usize = 16
const AROUND_COUNT: usize = 3

const texts = memory.data(16 * 8)

/** The most bytes around an argument: `$<size>\r\n` and `\r\n`. */
const AROUND_ARGUMENT: usize = 16

const enum Op {
  End = 0,
  /** Bytes that are written as they are: offset, size. */
  Literal,
  /** An argument: how many texts it has, then the kind of each and two numbers. */
  Argument,
  /** The same; it is the key. */
  Key,
}

/** The numbers at the beginning of a program. */
const enum Head {
  /** Arguments of a command, its name counted, beside those of its records. */
  Fixed = 0,
  PerRecord = 4,
  MostRecords = 8,
  /** The offset of what is written for each record; what is written once for a command begins at `Ops`. */
  EachRecord = 12,
  Ops = 16,
}

/** The range of the commands that were encoded last, and how many there are. */
export let encodedStart: usize = 0
export let encodedEnd: usize = 0
export let encodedCommands: i32 = 0

export function programStart(): usize {
  return program
}

export function commandsStart(): usize {
  return commands
}

/**
 * Encodes the first `count` batch rows, which are of one stream, and returns how many were done: fewer where the next one is
 * left to JavaScript, belongs to another stream, or does not fit. Records that are left out count, and have no id. Of a
 * program with many records to a command, it encodes one command.
 */
export function encodeRows(count: i32, rowSize: usize, firstId: f64): i32 {
  const most = load<i32>(program + Head.MostRecords)
  const fixed = load<i32>(program + Head.Fixed)
  const perRecord = load<i32>(program + Head.PerRecord)
  const stream = batchRowAt(0, rowSize).stream
  const start = region + HEADER_ROOM
  let id = <u64>firstId
  let to = start
  let inCommand: i32 = 0
  let done: i32 = 0
  encodedCommands = 0
  for (; done < count && (most == 1 || inCommand < most); done++) {
    const row = batchRowAt(done, rowSize)
    if (row.stream != stream) break
    if (row.group == LEFT_OUT) continue
    if (row.dataEnd - row.dataStart > MOST_DATA) break
    setId(id)
    const from = to
    if (most == 1) to = writeCount(to, fixed + perRecord)
    if (most == 1 || inCommand == 0) {
      store<usize>(commands + <usize>encodedCommands * COMMAND_SIZE, from)
      to = write(to, program + Head.Ops, row)
    }
    if (to != 0) to = write(to, program + load<usize>(program + Head.EachRecord), row)
    if (to == 0) {
      to = from
      break
    }
    id++
    inCommand++
    if (most == 1) encodedCommands++
  }
  encodedStart = start
  encodedEnd = to
  if (most > 1 && inCommand > 0) {
    const args = fixed + inCommand * perRecord
    encodedStart = start - AROUND_COUNT - digitsOf(args)
    writeCount(encodedStart, args)
    store<usize>(commands, encodedStart)
    encodedCommands = 1
  }
  if (encodedCommands > 0) {
    const size = encodedEnd - encodedStart
    encodedStart = sortByOwner(commands, encodedCommands, encodedEnd)
    encodedEnd = encodedStart + size
  }
  return done
}

/** Carries out what begins at `op` for a record, and returns the address behind it; 0 where that cannot be done here. */
function write(to: usize, op: usize, row: BatchRow): usize {
  while (load<u32>(op) != Op.End) {
    if (load<u32>(op) == Op.Literal) {
      const size = load<u32>(op, 8)
      if (to + size > region + ROOM) return 0
      copy(to, program + load<u32>(op, 4), size)
      to += size
      op += 12
      continue
    }
    const count = load<i32>(op, 4)
    const isKey = load<u32>(op) == Op.Key
    op += 8
    let size: usize = 0
    for (let index: usize = 0; index < <usize>count; index++, op += 12) {
      if (!find(op, row)) return 0
      store<usize>(texts + index * 8, textStart)
      store<usize>(texts + index * 8, textSize, 4)
      size += textSize
    }
    if (to + size + AROUND_ARGUMENT > region + ROOM) return 0
    to = writeSize(to, size)
    if (isKey) keep(to, to + size)
    for (let index: usize = 0; index < <usize>count; index++) {
      const length = load<usize>(texts + index * 8, 4)
      copyText(to, load<usize>(texts + index * 8), length)
      to += length
    }
    to = writeLineEnd(to)
  }
  return to
}

/** Finds a text; returns false where JavaScript has to. */
function find(at: usize, row: BatchRow): bool {
  const kind = load<u32>(at)
  if (kind == TextKind.Literal) {
    const start = program + load<u32>(at, 4)
    findRange(start, start + load<u32>(at, 8))
  } else if (kind == TextKind.Id) findId()
  else if (kind == TextKind.EmittedAt) findRange(row.emittedAtStart, row.emittedAtEnd)
  else if (kind == TextKind.Data) findRange(row.dataStart, row.dataEnd)
  else {
    const column = changetype<usize>(row) + CAPTURED + (load<u32>(at, 4) << 2)
    return findColumn(load<i32>(column), load<u32>(at, 8))
  }
  return true
}

/** Records the range of the key of the command that is being encoded. */
function keep(start: usize, end: usize): void {
  const command = commands + <usize>encodedCommands * COMMAND_SIZE
  store<usize>(command, start, 4)
  store<usize>(command, end, 8)
}

/** Short texts are copied 16 bytes at a time, and what is longer by the engine. */
function copyText(to: usize, from: usize, size: usize): void {
  if (size <= 256) copy(to, from, size)
  else memory.copy(to, from, size)
}
