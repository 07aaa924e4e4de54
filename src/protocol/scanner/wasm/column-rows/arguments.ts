/** Writes arguments of Redis commands. */
import { CR, LF, ZERO } from '../bytes'

export const LINE_END: usize = 2

/** Copies bytes, and up to 15 more: the room behind both ranges is known to be there. */
export function copy(to: usize, from: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += 16) v128.store(to + at, v128.load(from + at))
}

/** Writes the header of an argument. */
export function writeSize(to: usize, size: usize): usize {
  if (size < 10) {
    store<u32>(to, 0x0a0d3024 | ((<u32>size) << 8))
    return to + 4
  }
  store<u8>(to, 0x24)
  return writeLineEnd(writeDigits(to + 1, size))
}

/** Writes the header of a command of so many arguments, its name counted. */
export function writeCount(to: usize, count: usize): usize {
  store<u8>(to, 0x2a)
  return writeLineEnd(writeDigits(to + 1, count))
}

/** Writes a whole number. */
export function writeDigits(to: usize, value: u64): usize {
  const end = to + digitsOf(value)
  let rest = value
  for (let at = end - 1; at >= to; at--) {
    const quotient = rest / 10
    store<u8>(at, ZERO + <u8>(rest - quotient * 10))
    rest = quotient
  }
  return end
}

/** Returns how many decimal digits a number has. */
export function digitsOf(value: u64): usize {
  let digits: usize = 1
  for (let limit: u64 = 10; value >= limit; limit *= 10) digits++
  return digits
}

export function writeLineEnd(to: usize): usize {
  store<u8>(to, CR)
  store<u8>(to, LF, 1)
  return to + LINE_END
}
