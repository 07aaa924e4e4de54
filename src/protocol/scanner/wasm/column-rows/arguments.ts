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
  store<u8>(to++, 0x24)
  let digits: usize = 1
  for (let limit: usize = 10; size >= limit; limit *= 10) digits++
  let rest = size
  for (let at = to + digits - 1; at >= to; at--) {
    const quotient = rest / 10
    store<u8>(at, ZERO + <u8>(rest - quotient * 10))
    rest = quotient
  }
  return writeLineEnd(to + digits)
}

export function writeLineEnd(to: usize): usize {
  store<u8>(to, CR)
  store<u8>(to, LF, 1)
  return to + LINE_END
}
