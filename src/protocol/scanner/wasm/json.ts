/**
 * Validates JSON (RFC 8259) without building anything. A line feed ends the text: it is never white space and never
 * part of a string, so that no loop has to compare with the end of the memory.
 */
import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  CR,
  DOT,
  isDigit,
  LOWER_E,
  LOWER_N,
  MINUS,
  OPEN_ARRAY,
  OPEN_OBJECT,
  PLUS,
  QUOTE,
  SPACE,
  TAB,
  UPPER_E,
  ZERO,
} from './bytes'
import { fail, Reason } from './failure'
import { endOfString } from './json-string'
import { expectedName, keepName, capture, passName } from './known-names'
import { captureOf, captureValue } from './captures'
import { meaningOf } from './protocol-names'

/** The limit of nesting; the stack of open brackets has one byte for each level. */
const MAX_DEPTH = 65536
const open = memory.data(MAX_DEPTH)

/** Whether white space was skipped since this was last set to false. */
export let sawSpace = false

export function forgetSpace(): void {
  sawSpace = false
}

/** Skips white space; most JSON has none. */
export function passSpace(at: usize): usize {
  return load<u8>(at) > SPACE ? at : skipSpace(at)
}

/** Skips white space. */
export function skipSpace(at: usize): usize {
  let byte = load<u8>(at)
  while (byte == SPACE || byte == TAB || byte == CR) {
    sawSpace = true
    byte = load<u8>(++at)
  }
  return at
}

/** Skips one value of any kind, with everything nested in it; `at` is its first byte. */
export function skipValue(at: usize): usize {
  let depth: usize = 0
  let opened: u8 = 0
  while (true) {
    const byte = load<u8>(at)
    if (byte == QUOTE) at = endOfString(at + 1)
    else if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) {
      const inner = passSpace(at + 1)
      if (load<u8>(inner) == closing(byte)) at = inner + 1
      else {
        if (depth == MAX_DEPTH) return fail(Reason.Depth, at)
        store<u8>(open + depth++, opened)
        opened = byte
        at = inner
        if (byte == OPEN_OBJECT) {
          at = skipName(inner)
          if (capture != 0 && depth == 1) captureValue(capture, at)
        }
        if (at == 0) return 0
        continue
      }
    } else if (byte <= 0x39) at = skipNumber(at)
    else at = skipWord(at)
    if (at == 0) return 0

    // Behind a value: close the objects and arrays that end here, or continue with the next member or element.
    while (true) {
      if (depth == 0) return at
      at = passSpace(at)
      const next = load<u8>(at)
      if (next == COMMA) {
        at = passSpace(at + 1)
        if (opened == OPEN_OBJECT) {
          at = skipName(at)
          if (at == 0) return 0
          if (capture != 0 && depth == 1) captureValue(capture, at)
        }
        break
      }
      if (next != closing(opened))
        return fail(opened == OPEN_OBJECT ? Reason.MemberEnd : Reason.ElementEnd, at)
      at++
      opened = load<u8>(open + --depth)
    }
  }
}

/** Skips the name of a member, the colon, and white space up to the value. */
export function skipName(at: usize): usize {
  if (load<u8>(at) != QUOTE) return fail(Reason.Name, at)
  const size = expectedName(at)
  return size == 0 ? skipOtherName(at) : passSpace(at + size)
}

function skipOtherName(at: usize): usize {
  const end = endOfString(at + 1)
  if (end == 0) return 0
  const means = meaningOf(at + 1, end - 1)
  const captures = captureOf(at + 1, end - 1)
  const colon = skipSpace(end)
  if (load<u8>(colon) != COLON) return fail(Reason.Colon, colon)
  if (colon == end) keepName(at, end + 1 - at, means, captures)
  else passName(means, captures)
  return skipSpace(colon + 1)
}

/** Continues behind the value of a member: skips a comma up to the next name, or a closing bracket. */
export function nextMember(at: usize): usize {
  at = skipSpace(at)
  const byte = load<u8>(at)
  if (byte == COMMA) return skipSpace(at + 1)
  return byte == CLOSE_OBJECT ? at + 1 : fail(Reason.MemberEnd, at)
}

function skipWord(at: usize): usize {
  const letters = load<u32>(at)
  if (letters == 0x6c6c756e || letters == 0x65757274) return at + 4
  return letters == 0x736c6166 && load<u8>(at, 4) == LOWER_E ? at + 5 : fail(Reason.Value, at)
}

function skipNumber(at: usize): usize {
  const first = load<u8>(at)
  if (first == MINUS) at++
  else if (!isDigit(first)) return fail(Reason.Value, at)
  at = load<u8>(at) == ZERO ? at + 1 : skipDigits(at)
  if (at != 0 && load<u8>(at) == DOT) at = skipDigits(at + 1)
  if (at == 0) return 0
  const byte = load<u8>(at)
  if (byte != LOWER_E && byte != UPPER_E) return at
  const sign = load<u8>(++at)
  return skipDigits(sign == PLUS || sign == MINUS ? at + 1 : at)
}

/** Skips digits; at least one is required. */
function skipDigits(at: usize): usize {
  const digits = i8x16.le_u(i8x16.sub(v128.load(at), i8x16.splat(ZERO)), i8x16.splat(9))
  const others = ~i8x16.bitmask(digits)
  const count = ctz(others)
  if (count == 0) return fail(Reason.Digit, at)
  return count < 16 ? at + count : skipManyDigits(at + 16)
}

function skipManyDigits(at: usize): usize {
  while (isDigit(load<u8>(at))) at++
  return at
}

/** In ASCII both closing brackets are two behind their opening ones. */
function closing(opened: u8): u8 {
  return opened + 2
}
