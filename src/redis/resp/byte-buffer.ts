/** Bytes that are put together one after the other, in memory that grows. */

const ZERO = 0x30

/** Below this a loop beats a call into native code. */
const SHORT = 48

export class ByteBuffer {
  bytes: Buffer
  /** Bytes in use. */
  length = 0

  /** `bytes`: the memory to begin with. */
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** Makes room for `size` more bytes; the puts below rely on it. */
  reserve(size: number): void {
    const needed = this.length + size
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  put(source: Buffer, start = 0, end = source.length): void {
    const size = end - start
    if (size < SHORT) {
      const target = this.bytes
      let at = this.length
      for (let from = start; from < end; from++) target[at++] = source[from]!
    } else source.copy(this.bytes, this.length, start, end)
    this.length += size
  }

  /** Puts in a whole number from 0 on as decimal digits. */
  putNumber(value: number): void {
    let end = this.length + digitsOf(value)
    this.length = end
    let rest = value
    do {
      const quotient = Math.floor(rest / 10)
      this.bytes[--end] = ZERO + (rest - quotient * 10)
      rest = quotient
    } while (rest > 0)
  }

  /** Makes the room itself, like all that follow. */
  add(source: Buffer, start = 0, end = source.length): void {
    this.reserve(end - start)
    this.put(source, start, end)
  }

  /** Adds a string as UTF-8; what is no valid character becomes U+FFFD. */
  addText(text: string): void {
    this.reserve(text.length * 3)
    this.length += this.bytes.write(text, this.length, 'utf8')
  }

  addNumber(value: number): void {
    this.reserve(24)
    this.putNumber(value)
  }

  clear(): void {
    this.length = 0
  }
}

/** Returns whether so many bytes are the same; for short texts, where a call into native code takes longer. */
export function areSame(a: Buffer, start: number, b: Buffer, otherStart: number, size: number): boolean {
  for (let at = 0; at < size; at++) if (a[start + at] !== b[otherStart + at]) return false
  return true
}

/** How many decimal digits a whole number from 0 on has. */
export function digitsOf(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}
