/**
 * One message after the other, as the scanner has found them. A record's `data` is only located, never built; the
 * rare messages (states, traces) hand out their text for `JSON.parse`.
 */
import { SystemError } from '../../errors.ts'
import { Field, reasonText, type Scanner } from '../scanner/scanner.ts'

/** Kinds that a destination does not act on (LOG, CONTROL, and those not invented yet) are `other`. */
export type MessageKind = 'other' | 'record' | 'state' | 'trace'

/** Bytes `start` to `end` (exclusive) of the scanner's memory; empty where a message that may have it has none. */
export interface Range {
  start: number
  end: number
}

const KINDS: readonly MessageKind[] = ['other', 'record', 'state', 'trace']

/** One object serves a whole run. What it says of its kind holds until the next `take`; the rest is left over. */
export class Message {
  kind: MessageKind = 'other'
  /** The number of its line, from 1, and where that begins. */
  lineNumber = 0
  lineStart = 0
  /** Of all but records: the whole message without white space around it. */
  readonly text = range()

  /** A record's stream and namespace, as JSON strings with their quotes, and a hash over both. */
  readonly stream = range()
  readonly namespace = range()
  hash = 0
  readonly data = range()
  /** Whether a record's `data` holds white space outside its strings. */
  dataHasSpace = false
  readonly emittedAt = range()

  /** A state message's object under `state`, and the value of `destinationStats` in it. */
  readonly state = range()
  stateIsEmpty = false
  readonly destinationStats = range()

  /** Takes what is in a row of the scanner's table, which is a line; an empty line is of kind `other`. */
  take(scanner: Scanner, row: number): void {
    const { table } = scanner
    const at = row * scanner.rowLength
    this.lineNumber++
    this.lineStart = table[at + Field.lineStart]!
    this.kind = KINDS[table[at]!]!
    if (this.kind === 'record') {
      read(table, at + Field.stream, this.stream)
      read(table, at + Field.namespace, this.namespace)
      read(table, at + Field.emittedAt, this.emittedAt)
      read(table, at + Field.data, this.data)
      this.hash = table[at + Field.hash]!
      this.dataHasSpace = table[at + Field.dataHasSpace] === 1
    } else {
      read(table, at + Field.text, this.text)
      read(table, at + Field.state, this.state)
      read(table, at + Field.destinationStats, this.destinationStats)
      this.stateIsEmpty = table[at + Field.stateIsEmpty] === 1
    }
    const missing = this.#missing(table, at)
    if (missing !== undefined) throw this.#refusal(scanner, row, missing)
  }

  /** The error for the line in `row`, which the scanner could not read to its end. */
  failure(scanner: Scanner, row: number): SystemError {
    this.lineNumber++
    const { reason, offset } = scanner.failure!
    return this.#notAMessage(scanner, row, reason, offset)
  }

  /** What a message of its type has to have and this one has not; empty where it is there and of the wrong kind. */
  #missing(table: Int32Array, at: number): string | undefined {
    switch (this.kind) {
      case 'record':
        if (table[at + Field.problem] !== 0) return ''
        if (isEmpty(this.stream)) return 'the record names no stream'
        if (isEmpty(this.data)) return 'the record has no "data"'
        return isEmpty(this.emittedAt) ? 'the record has no "emitted_at"' : undefined
      case 'state':
        return isEmpty(this.state) ? 'the STATE has no "state"' : undefined
      case 'trace':
        return table[at + Field.hasTrace] === 0 ? 'the TRACE has no "trace"' : undefined
      case 'other':
        return table[at + Field.hasType] === 0 && !isEmpty(this.text)
          ? 'the message has no "type"'
          : undefined
    }
  }

  #refusal(scanner: Scanner, row: number, missing: string): SystemError {
    const { table, rowLength } = scanner
    const at = row * rowLength
    if (missing === '')
      return this.#notAMessage(
        scanner,
        row,
        reasonText(table[at + Field.problem]!),
        table[at + Field.problemAt]!,
      )
    return new SystemError(`Line ${this.lineNumber}${inStream(scanner, row)}: ${missing}.`)
  }

  #notAMessage(scanner: Scanner, row: number, reason: string, offset: number): SystemError {
    const byte = offset - scanner.table[row * scanner.rowLength + Field.lineStart]! + 1
    const where = `Line ${this.lineNumber}, byte ${byte}${inStream(scanner, row)}`
    return new SystemError(`${where}: not an Airbyte message: ${reason}.`)
  }
}

function inStream({ bytes, table, rowLength }: Scanner, row: number): string {
  const stream = range()
  read(table, row * rowLength + Field.stream, stream)
  return isEmpty(stream) ? '' : `, stream ${bytes.toString('utf8', stream.start, stream.end)}`
}

function read(table: Int32Array, at: number, into: Range): void {
  into.start = table[at]!
  into.end = table[at + 1]!
}

function range(): Range {
  return { start: 0, end: 0 }
}

function isEmpty(value: Range): boolean {
  return value.end === value.start
}
