/** Walks over encoded commands, to read the arguments of one that was refused. */

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
    this.#start = this.#at
    const head = this.#readHead(bytes)
    for (let left = head.args; left > 0; left--) this.#skipArgument(bytes)
    return head
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

  #readHead(bytes: Buffer): CommandHead {
    const args = this.#number(bytes) - 1
    const from = this.#at
    this.#skipArgument(bytes)
    const line = bytes.indexOf(CR, from)
    const name = bytes.toString('latin1', line + 2, this.#at - 2).toUpperCase()
    return { name, args }
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

/** Returns the arguments of the command at a position among those of the chunks. */
export function argumentsAt(chunks: readonly Buffer[], index: number): string[] {
  const cursor = new CommandCursor(chunks)
  for (let before = 0; before < index; before++) cursor.next()
  return cursor.readArguments()
}
