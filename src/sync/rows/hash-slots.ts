/**
 * A hash table from hashes to numbers, in which several numbers may have the same hash. It is made of typed arrays, in which
 * the garbage collector has nothing to look for. A number is in the slot of its hash, or in the next free one behind it.
 */

/** 2^32 divided by the golden ratio: spreads hashes that are alike over all slots. */
const SPREAD = 0x9e3779b1 | 0

const FREE = 0

const LEAST_BITS = 6

const BYTES_PER_SLOT = 2 * Int32Array.BYTES_PER_ELEMENT

/** Returns the size of the memory for so many numbers. */
export function bytesFor(expected: number): number {
  return BYTES_PER_SLOT << bitsFor(expected)
}

/** There are twice as many slots as numbers: searches get long where more than half of them are in use. */
function bitsFor(expected: number): number {
  return Math.max(LEAST_BITS, Math.ceil(Math.log2(2 * expected + 1)))
}

export class HashSlots {
  /** Of 32 bits: larger ones would become objects wherever they are handed on. */
  #numbers: Int32Array
  /** The hashes, of which one bit is given up, so that none is `FREE`. */
  #hashes: Int32Array
  #size = 0
  /** So many bits of a hash choose its slot. */
  #bits: number
  #mask: number

  /** `expected`: how many numbers there may be; if there are more, it grows. `memory`: as much as `bytesFor` says. */
  constructor(expected = 0, memory: Buffer = Buffer.allocUnsafeSlow(bytesFor(expected))) {
    this.#bits = bitsFor(expected)
    const slots = 1 << this.#bits
    this.#mask = slots - 1
    this.#numbers = new Int32Array(memory.buffer, memory.byteOffset, slots)
    this.#hashes = new Int32Array(memory.buffer, memory.byteOffset + this.#numbers.byteLength, slots).fill(
      FREE,
    )
  }

  /**
   * Returns the first slot whose hash is this one, or differs from it in the bit that was given up; -1 if there is none. It is
   * valid until something is added or removed.
   */
  first(hash: number): number {
    return this.#find(this.#home(hash | 1), hash | 1)
  }

  /** Returns the next slot of the same hash; -1 if there is none. */
  next(slot: number, hash: number): number {
    return this.#find((slot + 1) & this.#mask, hash | 1)
  }

  numberAt(slot: number): number {
    return this.#numbers[slot]!
  }

  replaceAt(slot: number, number: number): void {
    this.#numbers[slot] = number
  }

  add(hash: number, number: number): void {
    if (2 * ++this.#size > this.#mask) this.#grow()
    this.#put(hash | 1, number)
  }

  /** Frees a slot, and moves up the numbers behind it that are there only because it was taken. */
  removeAt(slot: number): void {
    const hashes = this.#hashes
    const numbers = this.#numbers
    const mask = this.#mask
    let free = slot
    for (let at = (slot + 1) & mask; hashes[at] !== FREE; at = (at + 1) & mask) {
      const behindHome = (at - this.#home(hashes[at]!)) & mask
      if (behindHome < ((at - free) & mask)) continue
      hashes[free] = hashes[at]!
      numbers[free] = numbers[at]!
      free = at
    }
    hashes[free] = FREE
    this.#size--
  }

  #find(from: number, hash: number): number {
    const hashes = this.#hashes
    const mask = this.#mask
    for (let slot = from; hashes[slot] !== FREE; slot = (slot + 1) & mask)
      if (hashes[slot] === hash) return slot
    return -1
  }

  #put(hash: number, number: number): void {
    let slot = this.#home(hash)
    while (this.#hashes[slot] !== FREE) slot = (slot + 1) & this.#mask
    this.#hashes[slot] = hash
    this.#numbers[slot] = number
  }

  #home(hash: number): number {
    return Math.imul(hash, SPREAD) >>> (32 - this.#bits)
  }

  #grow(): void {
    const [hashes, numbers] = [this.#hashes, this.#numbers]
    this.#bits++
    this.#mask = 2 * this.#mask + 1
    this.#hashes = new Int32Array(2 * hashes.length)
    this.#numbers = new Int32Array(2 * hashes.length)
    for (let slot = 0; slot < hashes.length; slot++)
      if (hashes[slot] !== FREE) this.#put(hashes[slot]!, numbers[slot]!)
  }
}
