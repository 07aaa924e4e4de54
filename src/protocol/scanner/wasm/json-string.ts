/** Finds the end of JSON strings, and compares them with the names of the protocol. */
import { BACKSLASH, DOT, hexValue, LF, LOWER_U, QUOTE } from './bytes'
import { fail, Reason } from './failure'

const LANES = 16

/** A bit for each of the next 16 bytes that a string cannot simply contain: quotes, backslashes and control characters. */
function stopsAt(at: usize): i32 {
  const bytes = v128.load(at)
  // With this bit turned, a quote is the one byte beside the control characters that is at most 0x20.
  const turned = v128.xor(bytes, i8x16.splat(2))
  return i8x16.bitmask(
    v128.or(i8x16.eq(bytes, i8x16.splat(BACKSLASH)), i8x16.le_u(turned, i8x16.splat(0x20))),
  )
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
    const byte = load<u8>(at)
    if (byte == QUOTE) return at + 1
    if (byte != BACKSLASH) return fail(byte == LF ? Reason.StringEnd : Reason.ControlCharacter, at)
    at = endOfEscape(at)
    if (at == 0) return 0
  }
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
  for (let digit = at + 2; digit < at + 6; digit++)
    if (hexValue(load<u8>(digit)) == 255) return fail(Reason.UnicodeEscape, at)
  return at + 6
}

/** Returns the character that a simple escape stands for; 0 for anything else. */
export function simpleEscape(escaped: u8): u16 {
  switch (escaped) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return escaped
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case 0x6e:
      return 0x0a
    case 0x72:
      return 0x0d
    case 0x74:
      return 0x09
    default:
      return 0
  }
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
