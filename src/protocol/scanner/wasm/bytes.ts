/** The bytes with a meaning in the JSON grammar. */

export const TAB: u8 = 0x09
export const LF: u8 = 0x0a
export const CR: u8 = 0x0d
export const SPACE: u8 = 0x20
export const QUOTE: u8 = 0x22
export const PLUS: u8 = 0x2b
export const COMMA: u8 = 0x2c
export const MINUS: u8 = 0x2d
export const DOT: u8 = 0x2e
export const ZERO: u8 = 0x30
export const COLON: u8 = 0x3a
export const BACKSLASH: u8 = 0x5c
export const OPEN_ARRAY: u8 = 0x5b
export const CLOSE_ARRAY: u8 = 0x5d
export const OPEN_OBJECT: u8 = 0x7b
export const CLOSE_OBJECT: u8 = 0x7d
export const LOWER_E: u8 = 0x65
export const UPPER_E: u8 = 0x45
export const LOWER_F: u8 = 0x66
export const LOWER_N: u8 = 0x6e
export const LOWER_T: u8 = 0x74
export const LOWER_U: u8 = 0x75

export function isDigit(byte: u8): bool {
  return byte - ZERO < 10
}

const hexValues = memory.data(256)
memory.fill(hexValues, 255, 256)
for (let value: u8 = 0; value < 16; value++) {
  const digit: u8 = value < 10 ? ZERO + value : 0x61 - 10 + value
  store<u8>(hexValues + digit, value)
  // A letter may be in upper case, too; a digit has no other case.
  store<u8>(hexValues + (value < 10 ? digit : digit & ~0x20), value)
}

/** Returns the value of a hexadecimal digit, or 255. Digits and letters alternate at random, so there is no branch. */
export function hexValue(byte: u8): u8 {
  return load<u8>(hexValues + byte)
}

const LANES: usize = 16

/** Compares bytes 16 at a time; may read 15 bytes beyond both ranges. */
export function isSame(at: usize, text: usize, size: usize): bool {
  for (; size > LANES; size -= LANES, at += LANES, text += LANES)
    if (i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text))) != 0xffff) return false
  const wanted: i32 = (1 << (<i32>size)) - 1
  return (i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text))) & wanted) == wanted
}
