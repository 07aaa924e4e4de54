/**
 * Names of members that were read before, each with the name that followed it last, as messages repeat their names in the
 * same order. A name that is expected is compared with the text, and needs no search for its end. Only valid names are
 * kept, so what equals one of them is valid.
 */
const LANES: usize = 16

/** The most bytes of a name that is kept, with its quotes and its colon. */
const MOST_BYTES: usize = 2 * LANES

@unmanaged
class KnownName {
  /** The text, with quotes and colon, and any bytes behind it. */
  text: u64
  text1: u64
  text2: u64
  text3: u64
  /** The bytes of the text; 0 where no name is kept. */
  size: usize
  /** One bit for each byte of the text. */
  bits: u32
  /** Its meaning in the protocol, a `Name`. */
  meaning: i32
  /** The number of the column that it names, if that is captured; else 0. */
  capture: i32
  /** The name that followed it last. */
  next: usize
}

const SIZE: usize = offsetof<KnownName>()
const SLOT_BITS = 8
const slots = memory.data(256 * 56)

/** Stands for a name that is not kept: it equals no text, as a text begins with a quote. */
const unknown = memory.data(56)
nameAt(unknown).bits = 1
nameAt(unknown).next = unknown

/** The name that was read last. */
export let last: usize = unknown

/** The meaning of the name that was read last, a `Name`. */
export let meaning: i32 = 0

/** The number of the column that it names, if that is captured; else 0. */
export let capture: i32 = 0

function nameAt(address: usize): KnownName {
  return changetype<KnownName>(address)
}

/** Returns the bytes of the name at `at`, with its quotes and its colon, if it is the expected one; else 0. */
export function expectedName(at: usize): usize {
  const text = nameAt(last).next
  const name = nameAt(text)
  let same: u32 = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(text)))
  if (name.size > LANES) same |= i8x16.bitmask(i8x16.eq(v128.load(at, 16), v128.load(text, 16))) << 16
  if ((~same & name.bits) != 0) return 0
  meaning = name.meaning
  capture = name.capture
  last = text
  return name.size
}

/** Keeps a name of so many bytes, with its quotes and its colon, as the one that was read last. */
export function keepName(at: usize, size: usize, means: i32, captures: i32): void {
  if (size > MOST_BYTES) return passName(means, captures)
  const slot = slots + slotOf(at, size) * SIZE
  const name = nameAt(slot)
  v128.store(slot, v128.load(at))
  v128.store(slot, v128.load(at, 16), 16)
  name.size = size
  name.bits = <u32>(((<u64>1) << size) - 1)
  name.meaning = means
  name.capture = captures
  if (name.next == 0) name.next = unknown
  nameAt(last).next = slot
  last = slot
  meaning = means
  capture = captures
}

/** Depends on the first and the last bytes of the text alone. */
function slotOf(at: usize, size: usize): usize {
  const head = load<u64>(at)
  const bits = size < 8 ? head & (((<u64>1) << (size << 3)) - 1) : head ^ rotl(load<u64>(at + size - 8), 23)
  return <usize>((bits * 0x9e3779b97f4a7c15) >> (64 - SLOT_BITS))
}

/** Takes note of a name that is not kept. */
export function passName(means: i32, captures: i32): void {
  last = unknown
  meaning = means
  capture = captures
}

/** Makes a former `last` the name that was read last. Another name may have taken its place, so its meaning is given. */
export function returnTo(name: usize, means: i32): void {
  last = name
  meaning = means
}
