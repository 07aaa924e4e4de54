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
  LOWER_F,
  LOWER_N,
  LOWER_T,
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

/** The limit of nesting; the stack of open brackets has one byte for each level. */
const MAX_DEPTH = 65536
const open = memory.data(MAX_DEPTH)

/** Whether white space was skipped since this was last set to false. */
export let sawSpace = false

export function forgetSpace(): void {
  sawSpace = false
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
  while (true) {
    const byte = load<u8>(at)
    if (byte == QUOTE) at = endOfString(at + 1)
    else if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) {
      const inner = skipSpace(at + 1)
      if (load<u8>(inner) == closing(byte)) at = inner + 1
      else {
        if (depth == MAX_DEPTH) return fail(Reason.Depth, at)
        store<u8>(open + depth++, byte)
        at = byte == OPEN_OBJECT ? skipName(inner) : inner
        if (at == 0) return 0
        continue
      }
    } else at = skipScalar(at, byte)
    if (at == 0) return 0

    // Behind a value: close the objects and arrays that end here, or continue with the next member or element.
    while (true) {
      if (depth == 0) return at
      at = skipSpace(at)
      const next = load<u8>(at)
      const opened = load<u8>(open + depth - 1)
      if (next == COMMA) {
        at = skipSpace(at + 1)
        if (opened == OPEN_OBJECT) {
          at = skipName(at)
          if (at == 0) return 0
        }
        break
      }
      if (next != closing(opened))
        return fail(opened == OPEN_OBJECT ? Reason.MemberEnd : Reason.ElementEnd, at)
      at++
      depth--
    }
  }
}

/** The end of the name that was skipped last, in front of its closing quote. */
export let nameEnd: usize = 0

/** Skips the name of a member, the colon, and white space up to the value. */
export function skipName(at: usize): usize {
  if (load<u8>(at) != QUOTE) return fail(Reason.Name, at)
  const end = endOfString(at + 1)
  if (end == 0) return 0
  nameEnd = end - 1
  const colon = skipSpace(end)
  return load<u8>(colon) == COLON ? skipSpace(colon + 1) : fail(Reason.Colon, colon)
}

/** Continues behind the value of a member: skips a comma up to the next name, or a closing bracket. */
export function nextMember(at: usize): usize {
  at = skipSpace(at)
  const byte = load<u8>(at)
  if (byte == COMMA) return skipSpace(at + 1)
  return byte == CLOSE_OBJECT ? at + 1 : fail(Reason.MemberEnd, at)
}

function skipScalar(at: usize, byte: u8): usize {
  if (isDigit(byte) || byte == MINUS) return skipNumber(at)
  if (byte == LOWER_T) return skipWord(at, 0x65757274, 4)
  if (byte == LOWER_N) return skipWord(at, 0x6c6c756e, 4)
  if (byte == LOWER_F && load<u8>(at, 4) == LOWER_E) return skipWord(at, 0x736c6166, 5)
  return fail(Reason.Value, at)
}

/** `letters`: the first four letters of the word, as they are in memory. */
function skipWord(at: usize, letters: u32, length: usize): usize {
  return load<u32>(at) == letters ? at + length : fail(Reason.Value, at)
}

function skipNumber(at: usize): usize {
  if (load<u8>(at) == MINUS) at++
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
  if (!isDigit(load<u8>(at))) return fail(Reason.Digit, at)
  do at++
  while (isDigit(load<u8>(at)))
  return at
}

/** In ASCII both closing brackets are two behind their opening ones. */
function closing(opened: u8): u8 {
  return opened + 2
}
