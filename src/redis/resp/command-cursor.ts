/** Walks over encoded commands, to say which of them a reply belongs to. */

import type { CommandHead } from './command-run.ts'

const CR = 0x0d
const STAR = 0x2a
const ZERO = 0x30

export class CommandCursor {
  readonly #chunks: readonly Buffer[]
  #chunk = 0
  #at = 0
  /** Where the command begins that was read last. */
  #start = 0
  /** The head that was read last: most commands have the same one as the command before. */
  #head: CommandHead = { name: '', args: 0 }
  #headBytes: Buffer = Buffer.alloc(0)

  /** The chunks must not change while the cursor is in use. No command is cut by the end of a chunk. */
  constructor(chunks: readonly Buffer[]) {
    this.#chunks = chunks
  }

  /** Returns the head of the next command; undefined behind the last one. */
  next(): CommandHead | undefined {
    while (this.#at >= (this.#chunks[this.#chunk]?.length ?? Infinity)) {
      this.#chunk++
      this.#at = 0
    }
    const bytes = this.#chunks[this.#chunk]
    if (bytes === undefined || bytes[this.#at] !== STAR) return undefined
    const start = (this.#start = this.#at)
    if (this.#hasSameHead(bytes, start)) this.#at += this.#headBytes.length
    else this.#readHead(bytes)
    this.#at = behindArguments(bytes, this.#at, this.#head.args)
    return this.#head
  }

  #hasSameHead(bytes: Buffer, start: number): boolean {
    const head = this.#headBytes
    for (let index = 0; index < head.length; index++) if (bytes[start + index] !== head[index]) return false
    return head.length > 0
  }

  /** Moves behind the next command, and returns its arguments. */
  readArguments(): string[] {
    const head = this.next()
    const bytes = this.#chunks[this.#chunk]
    if (head === undefined || bytes === undefined) return []
    const end = this.#at
    this.#at = this.#start
    this.#number(bytes)
    const texts: string[] = []
    while (this.#at < end) {
      const size = this.#number(bytes)
      texts.push(bytes.toString('utf8', this.#at, this.#at + size))
      this.#at += size + 2
    }
    return texts.slice(1)
  }

  #readHead(bytes: Buffer): void {
    const start = this.#at
    const args = this.#number(bytes) - 1
    const from = this.#at
    this.#skipArgument(bytes)
    const line = bytes.indexOf(CR, from)
    const name = bytes.toString('latin1', line + 2, this.#at - 2).toUpperCase()
    this.#head = { name, args }
    this.#headBytes = bytes.subarray(start, this.#at)
  }

  #skipArgument(bytes: Buffer): void {
    const size = this.#number(bytes)
    this.#at += size + 2
  }

  /** Reads the number behind the byte at hand, and moves behind the end of its line. */
  #number(bytes: Buffer): number {
    let number = 0
    let at = this.#at + 1
    for (; at < bytes.length && bytes[at] !== CR; at++) number = number * 10 + bytes[at]! - ZERO
    this.#at = at + 2
    return number
  }
}

/** Returns the offset behind so many arguments; local variables only, as this runs for every command. */
function behindArguments(bytes: Buffer, start: number, count: number): number {
  let at = start
  for (let left = count; left > 0; left--) {
    let size = 0
    let digit = bytes[++at]
    while (digit !== undefined && digit !== CR) {
      size = size * 10 + digit - ZERO
      digit = bytes[++at]
    }
    at += size + 4
  }
  return at
}

/** Returns the arguments of the command at a position among those of the chunks. */
export function argumentsAt(chunks: readonly Buffer[], index: number): string[] {
  const cursor = new CommandCursor(chunks)
  for (let before = 0; before < index; before++) cursor.next()
  return cursor.readArguments()
}
