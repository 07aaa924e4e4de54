/**
 * Reads one line as an Airbyte message. A record's `data` is only checked and located, never built; the rare
 * messages (states, traces) hand out their text for `JSON.parse`.
 */
import { SystemError } from '../errors.ts'
import { enterObject, names, nextMember, readName, readString } from './json-object.ts'
import { JsonScanner, JsonSyntaxError } from './json-scanner.ts'

/** Kinds that a destination does not act on (LOG, CONTROL, and those not invented yet) are `other`. */
export type MessageKind = 'record' | 'state' | 'trace' | 'other'

/** Bytes `start` to `end` (exclusive) of the buffer that was read; empty where the message has no such value. */
export interface Range {
  start: number
  end: number
}

const LF = 0x0a
const QUOTE = 0x22
const MINUS = 0x2d
const OPEN_OBJECT = 0x7b
const NULL = 0x6e

const MESSAGE = names('type', 'record', 'state', 'trace')
const RECORD = names('stream', 'namespace', 'data', 'emitted_at')
const STATE = names('destinationStats')
const TYPES = names('RECORD', 'STATE', 'TRACE')
const KINDS = ['record', 'state', 'trace'] as const

/**
 * One reader serves a whole run; each `read` overwrites what the one before found. Ranges point into the buffer
 * given to `read` and hold until that buffer changes.
 */
export class MessageReader {
  kind: MessageKind = 'other'
  /** The number of the line read last, from 1. */
  lineNumber = 0
  /** The whole message without white space around it. */
  readonly text = range()

  /** A record's stream and namespace, as JSON strings with their quotes. */
  readonly stream = range()
  readonly namespace = range()
  readonly data = range()
  /** Whether a record's `data` holds white space outside its strings. */
  dataHasSpace = false
  readonly emittedAt = range()

  /** A state message's object under `state`, and the value of `destinationStats` in it. */
  readonly state = range()
  readonly destinationStats = range()
  stateIsEmpty = false

  readonly #scanner = new JsonScanner()
  readonly #trace = range()
  #type: number | undefined

  /**
   * Reads the line that starts at `start` and ends with the next line feed, and gives the offset behind that.
   * An empty line is of kind `other`. Throws SystemError, without data, for anything that is not a message.
   */
  read(bytes: Buffer, start: number): number {
    const scanner = this.#scanner
    scanner.bytes = bytes
    scanner.position = start
    this.lineNumber++
    this.kind = 'other'
    this.#type = undefined
    clear(this.state)
    clear(this.#trace)
    this.#clearRecord()
    try {
      if (scanner.peek() !== LF) this.#readMessage()
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw this.#notAMessage(error, start)
      throw error
    }
    return scanner.position + 1
  }

  #readMessage(): void {
    const scanner = this.#scanner
    this.text.start = scanner.position
    if (scanner.peek() !== OPEN_OBJECT) scanner.fail('expected a JSON object')
    for (let more = enterObject(scanner); more; more = nextMember(scanner)) {
      const member = readName(scanner, MESSAGE)
      if (member === 0) this.#readType()
      else if (member === 1) this.#readRecord()
      else if (member === 2) this.#readState()
      else if (member === 3) locate(scanner, this.#trace, OPEN_OBJECT, 'trace is not an object')
      else scanner.skipValue()
    }
    this.text.end = scanner.position
    if (scanner.peek() !== LF) scanner.fail('expected the end of the line')
    this.#settleKind()
  }

  #readType(): void {
    const scanner = this.#scanner
    if (scanner.peek() !== QUOTE) scanner.fail('type is not a string')
    this.#type = readString(scanner, TYPES)
  }

  #readRecord(): void {
    const scanner = this.#scanner
    this.#clearRecord()
    if (scanner.peek() !== OPEN_OBJECT) return scanner.skipValue()
    for (let more = enterObject(scanner); more; more = nextMember(scanner)) {
      const member = readName(scanner, RECORD)
      if (member === 0) locate(scanner, this.stream, QUOTE, 'record.stream is not a string')
      else if (member === 1) locate(scanner, this.namespace, QUOTE, 'record.namespace is not a string')
      else if (member === 2) this.#readData()
      else if (member === 3) this.#readEmittedAt()
      else scanner.skipValue()
    }
  }

  #clearRecord(): void {
    clear(this.stream)
    clear(this.namespace)
    clear(this.data)
    clear(this.emittedAt)
  }

  #readData(): void {
    const scanner = this.#scanner
    scanner.peek()
    scanner.sawSpace = false
    locate(scanner, this.data, OPEN_OBJECT, 'record.data is not an object')
    this.dataHasSpace = scanner.sawSpace
  }

  #readEmittedAt(): void {
    const scanner = this.#scanner
    const first = scanner.peek()
    const isNumber = first === MINUS || (first >= 0x30 && first <= 0x39)
    locate(scanner, this.emittedAt, isNumber ? first : MINUS, 'record.emitted_at is not a number')
  }

  #readState(): void {
    const scanner = this.#scanner
    clear(this.state)
    clear(this.destinationStats)
    if (scanner.peek() !== OPEN_OBJECT) return scanner.skipValue()
    const start = scanner.position
    let more = enterObject(scanner)
    this.stateIsEmpty = !more
    for (; more; more = nextMember(scanner)) {
      if (readName(scanner, STATE) === 0) {
        scanner.peek()
        this.destinationStats.start = scanner.position
        scanner.skipValue()
        this.destinationStats.end = scanner.position
      } else scanner.skipValue()
    }
    this.state.start = start
    this.state.end = scanner.position
  }

  #settleKind(): void {
    if (this.#type === undefined) throw this.#incomplete('the message has no "type"')
    this.kind = KINDS[this.#type] ?? 'other'
    if (this.kind === 'record') {
      if (isEmpty(this.stream)) throw this.#incomplete('the record names no stream')
      if (isEmpty(this.data)) throw this.#incomplete('the record has no "data"')
      if (isEmpty(this.emittedAt)) throw this.#incomplete('the record has no "emitted_at"')
    } else if (this.kind === 'state' && isEmpty(this.state))
      throw this.#incomplete('the STATE has no "state"')
    else if (this.kind === 'trace' && isEmpty(this.#trace)) throw this.#incomplete('the TRACE has no "trace"')
  }

  #incomplete(reason: string): SystemError {
    return new SystemError(`Line ${this.lineNumber}${this.#inStream()}: ${reason}.`)
  }

  #notAMessage(error: JsonSyntaxError, lineStart: number): SystemError {
    const at = `Line ${this.lineNumber}, byte ${error.offset - lineStart + 1}${this.#inStream()}`
    return new SystemError(`${at}: not an Airbyte message: ${error.message}.`)
  }

  #inStream(): string {
    const { start, end } = this.stream
    return isEmpty(this.stream) ? '' : `, stream ${this.#scanner.bytes.toString('utf8', start, end)}`
  }
}

/** Passes a value that must begin with `first`, and notes where it stands; null counts as absent. */
function locate(scanner: JsonScanner, value: Range, first: number, otherwise: string): void {
  const byte = scanner.peek()
  if (byte !== first && byte !== NULL) scanner.fail(otherwise)
  value.start = scanner.position
  scanner.skipValue()
  value.end = byte === NULL ? value.start : scanner.position
}

function clear(value: Range): void {
  value.start = value.end = 0
}

function range(): Range {
  return { start: 0, end: 0 }
}

function isEmpty(value: Range): boolean {
  return value.end === value.start
}
