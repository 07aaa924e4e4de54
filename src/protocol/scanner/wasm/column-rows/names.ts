/** Compares names of members with escapes resolved: `a` and `\u0061` are the same name. */
import { BACKSLASH, LOWER_U } from '../bytes'
import { Column, ColumnFlag } from './column-slice'
import { codeUnit, simpleEscape } from '../json-string'

/** 128 random bits, so that no one can construct names that all have the same slot. */
const key = memory.data(16)

export function keyStart(): usize {
  return key
}

/** Returns a fingerprint of a name without escapes; different names rarely have the same one. */
export function fingerprint(start: usize, end: usize): i32 {
  const length = end - start
  const head = load<u64>(start)
  if (length < 8) return mixed(head & (((<u64>1) << (length << 3)) - 1), length)
  return mixed(head ^ rotl(load<u64>(end - 8), 23), length)
}

function mixed(bits: u64, length: usize): i32 {
  return <i32>(((bits + length) * 0x9e3779b97f4a7c15) >> 32)
}

/** Returns whether two names without escapes are the same. */
export function isSameText(a: Column, b: Column): bool {
  const length = a.nameEnd - a.nameStart
  return length == b.nameEnd - b.nameStart && memory.compare(a.nameStart, b.nameStart, length) == 0
}

export function isSameName(a: Column, b: Column): bool {
  if (((a.flags | b.flags) & ColumnFlag.NameHasEscape) == 0) return isSameText(a, b)
  left.begin(a)
  right.begin(b)
  while (true) {
    const byte = left.next()
    if (byte != right.next()) return false
    if (byte < 0) return true
  }
}

/** Returns SipHash-1-3 of the bytes of the name, with escapes resolved. */
export function hashOfName(column: Column): u64 {
  const k0 = load<u64>(key)
  const k1 = load<u64>(key, 8)
  v0 = k0 ^ 0x736f6d6570736575
  v1 = k1 ^ 0x646f72616e646f6d
  v2 = k0 ^ 0x6c7967656e657261
  v3 = k1 ^ 0x7465646279746573
  left.begin(column)
  let length: u64 = 0
  if ((column.flags & ColumnFlag.NameHasEscape) == 0)
    for (; left.at + 8 <= left.end; left.at += 8, length += 8) takeWord(load<u64>(left.at))
  let word: u64 = 0
  for (let byte = left.next(); byte >= 0; byte = left.next()) {
    word |= (<u64>byte) << ((length & 7) << 3)
    if ((++length & 7) == 0) {
      takeWord(word)
      word = 0
    }
  }
  takeWord(word | (length << 56))
  v2 ^= 0xff
  for (let round = 0; round < 3; round++) sipRound()
  return v0 ^ v1 ^ v2 ^ v3
}

let v0: u64 = 0
let v1: u64 = 0
let v2: u64 = 0
let v3: u64 = 0

function takeWord(word: u64): void {
  v3 ^= word
  sipRound()
  v0 ^= word
}

function sipRound(): void {
  v0 += v1
  v1 = rotl(v1, 13) ^ v0
  v0 = rotl(v0, 32)
  v2 += v3
  v3 = rotl(v3, 16) ^ v2
  v0 += v3
  v3 = rotl(v3, 21) ^ v0
  v2 += v1
  v1 = rotl(v1, 17) ^ v2
  v2 = rotl(v2, 32)
}

/** Reads a name with escapes resolved, byte by byte, as UTF-8; half a surrogate pair is encoded like a character. */
@unmanaged
class Reader {
  at: usize
  end: usize
  /** The bytes of a character that have not been read yet, the next one in the lowest bits. */
  rest: u32

  begin(column: Column): void {
    this.at = column.nameStart
    this.end = column.nameEnd
    this.rest = 0
  }

  /** Returns the next byte, or -1 at the end. */
  next(): i32 {
    const rest = this.rest
    if (rest != 0) {
      this.rest = rest >> 8
      return rest & 0xff
    }
    if (this.at >= this.end) return -1
    const byte = load<u8>(this.at++)
    return byte == BACKSLASH ? this.afterBackslash() : byte
  }

  private afterBackslash(): i32 {
    const escaped = load<u8>(this.at++)
    if (escaped != LOWER_U) return simpleEscape(escaped)
    const code = this.character()
    if (code < 0x80) return code
    let rest: u32 = 0x80 | (code & 0x3f)
    if (code < 0x800) {
      this.rest = rest
      return 0xc0 | (code >> 6)
    }
    rest = (rest << 8) | 0x80 | ((code >> 6) & 0x3f)
    if (code < 0x10000) {
      this.rest = rest
      return 0xe0 | (code >> 12)
    }
    this.rest = (rest << 8) | 0x80 | ((code >> 12) & 0x3f)
    return 0xf0 | (code >> 18)
  }

  /** Reads one code unit behind `\u`, or both units of a surrogate pair. */
  private character(): u32 {
    const unit: u32 = codeUnit(this.at)
    this.at += 4
    if (unit >> 10 != 0x36 || this.end - this.at < 6 || load<u16>(this.at) != 0x755c) return unit
    const second: u32 = codeUnit(this.at + 2)
    if (second >> 10 != 0x37) return unit
    this.at += 6
    return 0x10000 + ((unit & 0x3ff) << 10) + (second & 0x3ff)
  }
}

const left = changetype<Reader>(memory.data(offsetof<Reader>()))
const right = changetype<Reader>(memory.data(offsetof<Reader>()))
