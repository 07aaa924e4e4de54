/**
 * The current message, as the scanner found it. A record's `data` is located but never parsed; the rare messages
 * (states, traces) provide their text for `JSON.parse`.
 */
import { problem, SystemError, type Problem } from '../../errors.ts'
import { shownName } from '../../shown-text.ts'
import { failureOf, type ScanFailure } from '../scanner/scan-failure.ts'
import { Field, HAS_TRACE, HAS_TYPE, MOST_CAPTURED } from '../scanner/scan-tables.ts'
import type { RecordHead } from './record-head.ts'
import type { Scanner } from '../scanner/scanner.ts'

/**
 * `other` stands for messages that a destination ignores: LOG, CONTROL, and future types. A `long record` is longer than a
 * line may be, and was not kept.
 */
export type MessageKind = 'other' | 'record' | 'state' | 'trace' | 'long record'

/** A range of the scanner's memory, `end` exclusive; empty where an optional part is missing. */
export interface Range {
  start: number
  end: number
}

const KINDS: readonly MessageKind[] = ['other', 'record', 'state', 'trace']

/** One object is reused for a whole run. Only the fields of the current kind are valid, until the next `take`. */
export class Message {
  kind: MessageKind = 'other'
  /** The number of the line, from 1, and the offset where it begins. */
  lineNumber = 0
  lineStart = 0
  /** The whole message without white space around it; not set for records. */
  readonly text = range()

  /** The stream and namespace of a record, as JSON strings with their quotes, and a hash of both. */
  readonly stream = range()
  readonly namespace = range()
  hash = 0
  readonly data = range()
  /** Whether the `data` of a record contains white space outside strings. */
  dataHasSpace = false
  readonly emittedAt = range()
  /** The offsets of the values of captured columns; 0 for a column that the record lacks. */
  readonly captured = new Int32Array(MOST_CAPTURED)
  /** The array under `meta.changes` of a record; an empty one counts as missing. */
  readonly changes = range()

  /** The stream of a long record, and the bytes of its line. */
  head: RecordHead | undefined
  lineBytes = 0

  /** The object under `state` of a state message, and the value of `destinationStats` in it. */
  readonly state = range()
  stateIsEmpty = false
  readonly destinationStats = range()

  /** Reads a row of the scanner's table, which is a line; an empty line has the kind `other`. */
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
      read(table, at + Field.changes, this.changes)
      for (let capture = 0; capture < MOST_CAPTURED; capture++)
        this.captured[capture] = table[at + Field.captured + capture]!
      this.hash = table[at + Field.hash]!
      this.dataHasSpace = table[at + Field.dataHasSpace] === 1
    } else {
      read(table, at + Field.text, this.text)
      read(table, at + Field.state, this.state)
      read(table, at + Field.destinationStats, this.destinationStats)
      this.stateIsEmpty = table[at + Field.stateIsEmpty] === 1
    }
    if (!this.#isComplete(table, at)) throw this.#refusal(scanner, row)
  }

  /** Becomes a record that was not kept. */
  takeLong(head: RecordHead, bytes: number): void {
    this.lineNumber++
    this.kind = 'long record'
    this.head = head
    this.lineBytes = bytes
  }

  /** Returns the error for the line in `row`, which the scanner could not read to its end. */
  failure(scanner: Scanner, row: number): SystemError {
    this.lineNumber++
    return this.#invalid(scanner, row, scanner.failure!)
  }

  /** Returns whether the message has everything that its type requires, in the right form. */
  #isComplete(table: Int32Array, at: number): boolean {
    switch (this.kind) {
      case 'record': {
        const isWhole = !isEmpty(this.stream) && !isEmpty(this.data) && !isEmpty(this.emittedAt)
        return isWhole && table[at + Field.problem] === 0
      }
      case 'state':
        return !isEmpty(this.state)
      case 'trace':
        return (table[at + Field.has]! & HAS_TRACE) !== 0
      case 'long record':
      case 'other':
        return (table[at + Field.has]! & HAS_TYPE) !== 0 || isEmpty(this.text)
    }
  }

  #refusal(scanner: Scanner, row: number): SystemError {
    const { table, rowLength } = scanner
    const at = row * rowLength
    const reason = this.kind === 'record' ? table[at + Field.problem]! : 0
    if (reason !== 0) return this.#invalid(scanner, row, failureOf(reason, table[at + Field.problemAt]!))
    const position = positionIn(scanner, row, this.lineNumber)
    return new SystemError(this.#missing(position))
  }

  #missing({ text, params }: LinePosition): Problem {
    switch (this.kind) {
      case 'record':
        if (isEmpty(this.stream))
          return problem('record-without-stream', `${text}: the record names no stream.`, { params })
        if (isEmpty(this.data))
          return problem('record-without-data', `${text}: the record has no "data".`, { params })
        return problem('record-without-emitted-at', `${text}: the record has no "emitted_at".`, { params })
      case 'state':
        return problem('state-without-content', `${text}: the STATE message has no "state".`, { params })
      case 'trace':
        return problem('trace-without-content', `${text}: the TRACE message has no "trace".`, { params })
      case 'other':
      case 'long record':
        return problem('message-without-type', `${text}: the message has no "type".`, { params })
    }
  }

  #invalid(scanner: Scanner, row: number, { code, reason, offset }: ScanFailure): SystemError {
    const byte = offset - scanner.table[row * scanner.rowLength + Field.lineStart]! + 1
    const { text, params } = positionIn(scanner, row, this.lineNumber, byte)
    const sentence = `${text}: the line is not an Airbyte message: ${reason}.`
    return new SystemError(problem(code, sentence, { params }))
  }
}

interface LinePosition {
  text: string
  params: Problem['params']
}

function positionIn(
  { bytes, table, rowLength }: Scanner,
  row: number,
  line: number,
  byte?: number,
): LinePosition {
  const stream = range()
  read(table, row * rowLength + Field.stream, stream)
  const lineText = byte === undefined ? `Line ${line}` : `Line ${line}, byte ${byte}`
  const params = byte === undefined ? { line } : { line, byte }
  if (isEmpty(stream)) return { text: lineText, params }
  const name = shownName(JSON.parse(bytes.toString('utf8', stream.start, stream.end)) as string)
  return { text: `${lineText}, stream ${JSON.stringify(name)}`, params: { ...params, stream: name } }
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
