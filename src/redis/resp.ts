/** Commands as RESP bytes, the form every Redis version reads. */

const CR = 0x0d
const LF = 0x0a
const ZERO = 0x30

/** Below this a loop beats a call into native code. */
const SHORT = 48

/** Commands that go out together; grows as they are put in. */
export class CommandBuffer {
  bytes: Buffer
  /** Bytes in use. */
  length = 0
  /** Commands put in, each of which the server answers once. */
  commands = 0

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

  /** Puts bytes in as they are: RESP made beforehand, or a part of an argument. */
  put(source: Buffer, start = 0, end = source.length): void {
    const size = end - start
    if (size < SHORT) {
      const target = this.bytes
      let at = this.length
      for (let from = start; from < end; from++) target[at++] = source[from]!
    } else source.copy(this.bytes, this.length, start, end)
    this.length += size
  }

  /** Puts in the header of an argument of `size` bytes. */
  putSize(size: number): void {
    this.bytes[this.length++] = 0x24
    this.putNumber(size)
    this.putLineEnd()
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

  putLineEnd(): void {
    this.bytes[this.length++] = CR
    this.bytes[this.length++] = LF
  }

  /** Begins a command of so many arguments, which are still to be put in. */
  putCommand(name: string, args: number): void {
    this.put(Buffer.from(`*${args + 1}\r\n$${name.length}\r\n${name}\r\n`))
    this.commands++
  }
}

/** How many decimal digits a whole number from 0 on has. */
export function digitsOf(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

/** The key of one command, given how many stand before it: its first argument, as text. */
export function keyOfCommand(bytes: Buffer, index: number): string {
  let at = 0
  for (let passed = 0; passed < index; passed++) {
    let args = readSize(bytes, at)
    for (at = behindLine(bytes, at); args > 0; args--) at = behindArgument(bytes, at)
  }
  const argument = behindArgument(bytes, behindLine(bytes, at))
  const start = behindLine(bytes, argument)
  return bytes.toString('utf8', start, start + readSize(bytes, argument))
}

function behindArgument(bytes: Buffer, at: number): number {
  return behindLine(bytes, at) + readSize(bytes, at) + 2
}

function behindLine(bytes: Buffer, at: number): number {
  return bytes.indexOf(LF, at) + 1
}

function readSize(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at + 1, at + 16), 10)
}
