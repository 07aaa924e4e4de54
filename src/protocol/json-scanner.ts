/**
 * Walks JSON text (RFC 8259) in a byte buffer: checks the grammar and moves over values without building them,
 * so that digits and escapes stay as they were sent and nothing is allocated.
 *
 * The text must be followed by a line feed. Inside the text a line feed ends the line: it is never white space
 * and never part of a string, so no loop here has to compare with the length of the buffer.
 */

const LF = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b

/** Nesting deeper than this is refused; the stack of open brackets is one byte a level. */
const MAX_DEPTH = 65_536

/** 1 for the bytes that end a run of plain string bytes: quote, backslash and control characters. */
const ENDS_RUN = new Uint8Array(256)
ENDS_RUN.fill(1, 0, 0x20)
ENDS_RUN[QUOTE] = 1
ENDS_RUN[BACKSLASH] = 1

/** 1 for what may follow a backslash on its own. */
const SINGLE_ESCAPE = new Uint8Array(256)
for (const char of '"\\/bfnrt') SINGLE_ESCAPE[char.charCodeAt(0)] = 1

const HEX_DIGIT = new Uint8Array(256)
for (const char of '0123456789abcdefABCDEF') HEX_DIGIT[char.charCodeAt(0)] = 1

const EXPECTED_VALUE = 'expected a value'
const EXPECTED_NAME = 'expected a name in quotes'

export class JsonSyntaxError extends Error {
  /** Where in the buffer the text stops being JSON. */
  readonly offset: number

  constructor(reason: string, offset: number) {
    super(reason)
    this.offset = offset
  }
}

export class JsonScanner {
  bytes: Buffer = Buffer.alloc(0)
  position = 0
  /** Whether insignificant white space was passed since this was last set to false. */
  sawSpace = false
  /** Whether the string passed last holds a backslash. */
  sawEscape = false
  readonly #open = new Uint8Array(MAX_DEPTH)

  /** Passes white space and gives the byte behind it; a line feed is the end of the line. */
  peek(): number {
    const bytes = this.bytes
    let at = this.position
    let byte = bytes[at]!
    while (byte === 0x20 || byte === 0x09 || byte === 0x0d) {
      // The carriage return of a CRLF belongs to the line's end.
      if (byte !== 0x0d || bytes[at + 1] !== LF) this.sawSpace = true
      byte = bytes[++at]!
    }
    this.position = at
    return byte
  }

  /** Passes white space and then `byte`, or fails. */
  expect(byte: number, reason: string): void {
    if (this.peek() !== byte) this.fail(reason)
    this.position++
  }

  /** Stands before a string: passes it, quotes included. */
  skipString(): void {
    if (this.peek() !== QUOTE) this.fail(EXPECTED_NAME)
    this.position = this.#endOfString(this.position)
  }

  /** Passes one value of any kind, whatever is nested in it. */
  skipValue(): void {
    const open = this.#open
    let depth = 0
    for (;;) {
      const byte = this.peek()
      if (byte === QUOTE) this.position = this.#endOfString(this.position)
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        this.position++
        if (this.peek() === closing(byte)) this.position++
        else {
          if (depth === MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} levels deep`)
          open[depth++] = byte
          if (byte === OPEN_OBJECT) this.#skipName()
          continue
        }
      } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) this.#skipNumber()
      else this.#skipWord(byte)

      // Behind a value: close what ends here, or go on to the next member or element.
      for (;;) {
        if (depth === 0) return
        const next = this.peek()
        const opened = open[depth - 1]!
        if (next === COMMA) {
          this.position++
          if (opened === OPEN_OBJECT) this.#skipName()
          break
        }
        if (next !== closing(opened))
          this.fail(opened === OPEN_OBJECT ? 'expected , or }' : 'expected , or ]')
        this.position++
        depth--
      }
    }
  }

  fail(reason: string): never {
    const byte = this.bytes[this.position]
    const ended = byte === LF ? ', but the line ends' : ''
    throw new JsonSyntaxError(reason + ended, this.position)
  }

  #skipName(): void {
    this.skipString()
    this.expect(COLON, 'expected :')
  }

  #endOfString(openingQuote: number): number {
    const bytes = this.bytes
    let at = openingQuote + 1
    this.sawEscape = false
    for (;;) {
      while (ENDS_RUN[bytes[at]!] === 0) at++
      const byte = bytes[at]!
      if (byte === QUOTE) return at + 1
      this.position = at
      if (byte !== BACKSLASH)
        this.fail(byte === LF ? 'expected the end of a string' : 'a string holds a bare control character')
      this.sawEscape = true
      const escaped = bytes[at + 1]!
      if (SINGLE_ESCAPE[escaped] === 1) at += 2
      else if (escaped === 0x75) {
        for (let digit = at + 2; digit < at + 6; digit++)
          if (HEX_DIGIT[bytes[digit]!] !== 1) this.fail('\\u is not followed by four hexadecimal digits')
        at += 6
      } else this.fail('a backslash is followed by a character that cannot be escaped')
    }
  }

  #skipNumber(): void {
    const bytes = this.bytes
    let at = this.position
    if (bytes[at] === MINUS) at++
    if (bytes[at] === ZERO) at++
    else at = this.#endOfDigits(at)
    if (bytes[at] === DOT) at = this.#endOfDigits(at + 1)
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++
      if (bytes[at] === 0x2b || bytes[at] === MINUS) at++
      at = this.#endOfDigits(at)
    }
    this.position = at
  }

  /** At least one digit must stand at `at`. */
  #endOfDigits(at: number): number {
    const bytes = this.bytes
    const start = at
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++
    this.position = at
    if (at === start) this.fail('a number lacks a digit')
    return at
  }

  #skipWord(first: number): void {
    const bytes = this.bytes
    const at = this.position
    const word = first === 0x74 ? TRUE : first === 0x66 ? FALSE : first === 0x6e ? NULL : undefined
    if (word === undefined) this.fail(EXPECTED_VALUE)
    for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) this.fail(EXPECTED_VALUE)
    this.position = at + word.length
  }
}

/** In ASCII both closing brackets stand two places behind their opening ones. */
function closing(opened: number): number {
  return opened + 2
}

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')
