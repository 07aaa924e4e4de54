/** A version of a row as it is encoded in an index entry: where its parts are, so that versions are compared as bytes. */
import type { TextRange } from '../../layout/encoding/text-range.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { compareCursorBytes } from '../cursors/cursor-bytes.ts'
import type { RowVersion } from './row-version.ts'

const SPACE = 0x20
const ZERO = 0x30
const NINE = 0x39
const DELETED = '!'.charCodeAt(0)

/** Decimal digits that a double holds exactly, however they are added up. */
const EXACT_DIGITS = 15

export class EncodedVersion {
  /** The number of the run that wrote it. */
  run = 0
  /** Epoch milliseconds in digits; empty stands for 0. */
  readonly emittedAt: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  /** The cursor's JSON text, empty where there is none. */
  readonly cursor: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  isDeleted = false
  #text: ByteBuffer | undefined

  /** Reads the value of an index entry; `readVersion` says what it looks like. */
  read(bytes: Buffer, start: number, end: number): void {
    const runEnd = behind(bytes, start, end)
    const timeEnd = behind(bytes, runEnd + 1, end)
    this.run = numberIn(bytes, start, runEnd)
    this.isDeleted = runEnd < end && bytes[timeEnd - 1] === DELETED
    setRange(this.emittedAt, bytes, Math.min(runEnd + 1, end), this.isDeleted ? timeEnd - 1 : timeEnd)
    setRange(this.cursor, bytes, Math.min(timeEnd + 1, end), end)
  }

  /** Reads a value that Redis returned. */
  readText(value: string): void {
    const text = (this.#text ??= new ByteBuffer(Buffer.allocUnsafeSlow(256)))
    text.clear()
    text.addText(value)
    this.read(text.bytes, 0, text.length)
  }

  /** Returns whether it replaces a version that arrived before it: of two that compare equal, the later one does. */
  supersedes(earlier: EncodedVersion, isNumeric: boolean): boolean {
    const order = compareCursorBytes(this.cursor, earlier.cursor, isNumeric)
    return order === 0 ? timeIn(this.emittedAt) >= timeIn(earlier.emittedAt) : order > 0
  }

  /** Returns a copy, as numbers and texts. */
  toVersion(): RowVersion {
    const { run, isDeleted, cursor } = this
    const text = cursor.bytes.toString('utf8', cursor.start, cursor.end)
    return { run, emittedAt: timeIn(this.emittedAt), cursor: text, isDeleted }
  }
}

function setRange(range: TextRange, bytes: Buffer, start: number, end: number): void {
  range.bytes = bytes
  range.start = start
  range.end = end
}

/** Returns where the next space is, or the end. */
function behind(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== SPACE) at++
  return Math.min(at, end)
}

function timeIn({ bytes, start, end }: TextRange): number {
  return numberIn(bytes, start, end)
}

function numberIn(bytes: Buffer, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte < ZERO || byte > NINE || end - start > EXACT_DIGITS)
      return Number(bytes.toString('utf8', start, end))
    number = number * 10 + byte - ZERO
  }
  return number
}
