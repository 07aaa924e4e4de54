/** Finds the end of JSON strings, and compares them with the names of the protocol. */
import { BACKSLASH, DOT, hexValue, LF, LOWER_U, QUOTE } from './bytes'
import { fail, Reason } from './failure'

const LANES = 16

/** Finds quotes and control characters. */
function endsIn(bytes: v128): v128 {
  // With this bit turned, a quote is the one byte beside the control characters that is at most 0x20.
  return i8x16.le_u(v128.xor(bytes, i8x16.splat(2)), i8x16.splat(0x20))
}

function backslashesIn(bytes: v128): v128 {
  return i8x16.eq(bytes, i8x16.splat(BACKSLASH))
}

/** A bit for each of the next 16 bytes that a string cannot simply contain: quotes, backslashes and control characters. */
function stopsAt(at: usize): i32 {
  const bytes = v128.load(at)
  return i8x16.bitmask(v128.or(backslashesIn(bytes), endsIn(bytes)))
}

/** Returns the address behind the closing quote; `at` is behind the opening one. May read 15 bytes beyond the line. */
export function endOfString(at: usize): usize {
  const stops = stopsAt(at)
  if (stops != 0) {
    const end = at + ctz(stops)
    if (load<u8>(end) == QUOTE) return end + 1
  }
  return endOfOtherString(at)
}

function endOfOtherString(at: usize): usize {
  while (true) {
    const stops = stopsAt(at)
    if (stops == 0) {
      at += LANES
      continue
    }
    at += ctz(stops)
    return load<u8>(at) == BACKSLASH ? endOfEscapedString(at) : endAt(at)
  }
}

/** Returns the address behind a quote; fails at a control character. */
function endAt(at: usize): usize {
  const byte = load<u8>(at)
  if (byte == QUOTE) return at + 1
  return fail(byte == LF ? Reason.StringEnd : Reason.ControlCharacter, at)
}

/** Limits how many bytes one step looks at behind the first escape of a string, which is rarely the last one. */
const BLOCK = 64

/** A bit for each of 64 bytes at every second position. */
const ODD: u64 = 0xaaaaaaaaaaaaaaaa

/** The same as `endOfString`, from anywhere in a string but within an escape. May read 63 bytes beyond the line. */
function endOfEscapedString(at: usize): usize {
  while (true) {
    const bytes0 = v128.load(at)
    const bytes1 = v128.load(at, 16)
    const bytes2 = v128.load(at, 32)
    const bytes3 = v128.load(at, 48)
    const backslashes = bits(
      backslashesIn(bytes0),
      backslashesIn(bytes1),
      backslashesIn(bytes2),
      backslashesIn(bytes3),
    )
    // A backslash that is escaped begins no escape. The difference carries through backslashes that follow each other.
    const begun = (((backslashes << 1) | ODD) - backslashes) ^ ODD
    const escaped = begun ^ backslashes
    const ends = bits(endsIn(bytes0), endsIn(bytes1), endsIn(bytes2), endsIn(bytes3)) & ~escaped
    let escapes = begun & backslashes & ((ends & -ends) - 1)
    let next = at + BLOCK
    while (escapes != 0) {
      const end = endOfEscape(at + <usize>ctz(escapes))
      if (end == 0) return 0
      if (end > next) next = end
      escapes &= escapes - 1
    }
    if (ends != 0) return endAt(at + <usize>ctz(ends))
    at = next
  }
}

/** A bit for each of the 64 lanes that are set. */
function bits(lanes0: v128, lanes1: v128, lanes2: v128, lanes3: v128): u64 {
  return (
    (<u64>i8x16.bitmask(lanes0)) |
    ((<u64>i8x16.bitmask(lanes1)) << 16) |
    ((<u64>i8x16.bitmask(lanes2)) << 32) |
    ((<u64>i8x16.bitmask(lanes3)) << 48)
  )
}

/** Tells whether `closingQuote` has skipped a backslash since the last `forgetEscape`. */
export let sawEscape = false

export function forgetEscape(): void {
  sawEscape = false
}

/** Returns the address of the closing quote of a valid string; `at` is behind the opening one. */
export function closingQuote(at: usize): usize {
  const quotes = i8x16.splat(QUOTE)
  const backslashes = i8x16.splat(BACKSLASH)
  while (true) {
    const bytes = v128.load(at)
    const stops = i8x16.bitmask(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)))
    if (stops == 0) {
      at += LANES
      continue
    }
    at += ctz(stops)
    if (load<u8>(at) == QUOTE) return at
    sawEscape = true
    at += 2
  }
}

/** Returns whether there is a dot between two addresses. */
export function hasDot(at: usize, end: usize): bool {
  for (; at < end; at++) if (load<u8>(at) == DOT) return true
  return false
}

function endOfEscape(at: usize): usize {
  const escaped = load<u8>(at, 1)
  if (simpleEscape(escaped) != 0) return at + 2
  if (escaped != LOWER_U) return fail(Reason.Escape, at)
  const digits =
    hexValue(load<u8>(at, 2)) |
    hexValue(load<u8>(at, 3)) |
    hexValue(load<u8>(at, 4)) |
    hexValue(load<u8>(at, 5))
  return digits == 255 ? fail(Reason.UnicodeEscape, at) : at + 6
}

const simpleEscapes = memory.data(256)
store<u8>(simpleEscapes + QUOTE, QUOTE)
store<u8>(simpleEscapes + BACKSLASH, BACKSLASH)
store<u8>(simpleEscapes + 0x2f, 0x2f)
store<u8>(simpleEscapes + 0x62, 0x08)
store<u8>(simpleEscapes + 0x66, 0x0c)
store<u8>(simpleEscapes + 0x6e, 0x0a)
store<u8>(simpleEscapes + 0x72, 0x0d)
store<u8>(simpleEscapes + 0x74, 0x09)

/** Returns the character that a simple escape stands for; 0 for anything else. */
export function simpleEscape(escaped: u8): u16 {
  return load<u8>(simpleEscapes + escaped)
}

/** Returns whether the string, with escapes resolved, is `name`, which is ASCII. */
export function isName(at: usize, end: usize, name: string): bool {
  return isText(at, end, changetype<usize>(name), name.length, 1)
}

/** Returns whether the string, with escapes resolved, is a text of ASCII bytes. */
export function isBytes(at: usize, end: usize, text: usize, length: i32): bool {
  return isText(at, end, text, length, 0)
}

/** `shift`: 1 if each character of the text has two bytes, as in strings of this language; 0 if it has one. */
function isText(at: usize, end: usize, text: usize, length: i32, shift: usize): bool {
  for (let i = 0; i < length; i++) {
    if (at >= end) return false
    let unit: u16 = load<u8>(at)
    if (unit != BACKSLASH) at++
    else if (load<u8>(at, 1) == LOWER_U) {
      unit = codeUnit(at + 2)
      at += 6
    } else {
      unit = simpleEscape(load<u8>(at, 1))
      at += 2
    }
    if (unit != load<u8>(text + ((<usize>i) << shift))) return false
  }
  return at == end
}

export function codeUnit(at: usize): u16 {
  let unit: u16 = 0
  for (let digit = 0; digit < 4; digit++) unit = (unit << 4) | hexValue(load<u8>(at + digit))
  return unit
}
