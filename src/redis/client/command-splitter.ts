/** Takes encoded commands apart by the slots of their keys, so that each goes to the node that has it. */
import { slotIn } from '../resp/key-slot.ts'

const ZERO = 0x30

/** Of these, a hash and the number of keys stand before the key. */
const SCRIPT = Buffer.from('EVALSHA')
const BEFORE_KEY = 2

/** Encoded commands, told apart. */
export interface Commands {
  readonly bytes: Buffer
  /** By command, the offset behind it; the first one begins at 0. */
  readonly ends: Int32Array
  readonly slots: Uint16Array
}

export function takeApart(bytes: Buffer, count: number): Commands {
  const ends = new Int32Array(count)
  const slots = new Uint16Array(count)
  const reader = new Reader(bytes)
  for (let command = 0; command < count; command++) {
    const args = reader.size()
    const nameSize = reader.size()
    const isScript =
      nameSize === SCRIPT.length && SCRIPT.compare(bytes, reader.at, reader.at + nameSize) === 0
    reader.at += nameSize + 2
    const before = isScript ? BEFORE_KEY : 0
    reader.skip(before)
    const keySize = reader.size()
    slots[command] = slotIn(bytes, reader.at, reader.at + keySize)
    reader.at += keySize + 2
    reader.skip(args - 2 - before)
    ends[command] = reader.at
  }
  return { bytes, ends, slots }
}

class Reader {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The number behind the next byte, which is `*` or `$`, up to the end of the line. */
  size(): number {
    const bytes = this.#bytes
    let size = 0
    let at = this.at + 1
    for (let digit = bytes[at]! - ZERO; digit >= 0; digit = bytes[++at]! - ZERO) size = size * 10 + digit
    // At the carriage return.
    this.at = at + 2
    return size
  }

  skip(args: number): void {
    for (let left = args; left > 0; left--) {
      const size = this.size()
      this.at += size + 2
    }
  }
}
