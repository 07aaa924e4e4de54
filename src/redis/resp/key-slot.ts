/**
 * The slots of a Redis Cluster. Keys in one slot can take part in one transaction, so the connector's own keys that
 * belong to another key are named to lie in the slot of that one.
 */

export const SLOTS = 16_384

const OPEN = 0x7b
const CLOSE = 0x7d

const DIGITS = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz')
const BASE = DIGITS.length
const ZEROS = Buffer.alloc(2)
const NO_PAIR = -1

/** CRC16 of the XMODEM kind, by leading byte. */
const CRC = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)
  return crc
})

const PAIRS = pairsFrom(0)
/** Those that are numbers, as they do not begin with a zero. */
const DOUBLES = pairsFrom(BASE)

/** Returns the slot of the hash tag: the text between the first brace and the next closing one; without one, that of the key. */
export function slotOf(key: Buffer): number {
  return slotIn(key, 0, key.length)
}

/** Returns the slot of the key that lies in `bytes` from `start` to `end`. */
export function slotIn(bytes: Buffer, start: number, end: number): number {
  let [from, to] = [start, end]
  for (let at = start; at < end; at++) {
    if (bytes[at] !== OPEN) continue
    let close = at + 1
    while (close < end && bytes[close] !== CLOSE) close++
    if (close < end && close > at + 1) [from, to] = [at + 1, close]
    break
  }
  return crcOf(bytes, from, to) % SLOTS
}

/**
 * Returns the name of a key that belongs to `key`, in the same slot: `<prefix><label>:{<tag>}:<key without prefix>`.
 * `key` starts with `prefix`. If `prefix` contains braces, the name has other ones, or none.
 */
export function besideKey(key: Buffer, prefix: Buffer, label: string): Buffer {
  return keyInSlot(prefix, label, key.subarray(prefix.length), slotOf(key))
}

/**
 * Returns the name of a key in a slot: `<prefix><label>:{<tag>}:<rest>`. If the prefix has a hash tag, that decides the
 * slot of every key, and the name gets none.
 */
export function keyInSlot(prefix: Buffer, label: string, rest: Buffer, slot: number): Buffer {
  const before = Buffer.concat([prefix, Buffer.from(`${label}:`)])
  const start = prefix.indexOf(OPEN)
  if (start === -1) return Buffer.concat([before, Buffer.from(`{${tagOf(slot)}}:`), rest])
  const end = prefix.indexOf(CLOSE, start)
  return end > start + 1 ? Buffer.concat([before, rest]) : searched(before, rest, slot)
}

/** Returns the shortest text that is in a slot, of those the first one as a number to the base of 36. */
export function tagOf(slot: number): string {
  const single = DIGITS.findIndex((_, digit) => crcOf(DIGITS, digit, digit + 1) % SLOTS === slot)
  if (single !== -1) return single.toString(BASE)
  const double = DOUBLES[slot]!
  if (double !== NO_PAIR) return double.toString(BASE)
  for (let before = 1; ; before++) {
    const text = before.toString(BASE)
    // The CRC of a text is that of its beginning with zeros behind it, changed by the bits of what stands there instead.
    const crc = crcOf(ZEROS, 0, ZEROS.length, crcOf(Buffer.from(text), 0, text.length))
    const pair = PAIRS[(slot ^ crc) % SLOTS]!
    if (pair !== NO_PAIR) return text + pair.toString(BASE).padStart(2, '0')
  }
}

/** Returns, by slot, the first pair of digits from `least` on that is in it, as a number. */
function pairsFrom(least: number): Int16Array {
  const pairs = new Int16Array(SLOTS).fill(NO_PAIR)
  for (let pair = BASE ** 2 - 1; pair >= least; pair--) {
    const first = Math.floor(pair / BASE)
    const last = pair % BASE
    pairs[crcOf(DIGITS, last, last + 1, crcOf(DIGITS, first, first + 1)) % SLOTS] = pair
  }
  return pairs
}

/** Half a tag in the prefix takes in what is behind it: some text in between brings the whole to the slot. */
function searched(before: Buffer, rest: Buffer, slot: number): Buffer {
  const behind = Buffer.concat([Buffer.from(':'), rest])
  // The text has no braces, so what is hashed begins and ends where it does without it.
  const without = Buffer.concat([before, behind])
  const [from, to] = hashedIn(without)
  const start = crcOf(without, from, before.length)
  for (let number = 0; ; number++) {
    const text = Buffer.from(number.toString(BASE))
    const crc = crcOf(behind, 0, to - before.length, crcOf(text, 0, text.length, start))
    if (crc % SLOTS === slot) return Buffer.concat([before, text, behind])
  }
}

function hashedIn(key: Buffer): [from: number, to: number] {
  const start = key.indexOf(OPEN) + 1
  const end = start === 0 ? -1 : key.indexOf(CLOSE, start)
  return end > start ? [start, end] : [0, key.length]
}

function crcOf(bytes: Buffer, from: number, to: number, start = 0): number {
  let crc = start
  for (let at = from; at < to; at++) crc = ((crc << 8) & 0xffff) ^ CRC[(crc >> 8) ^ bytes[at]!]!
  return crc
}
