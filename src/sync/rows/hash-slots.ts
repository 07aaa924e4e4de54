/**
 * A hash table from hashes to numbers, in which a hash may be there several times. It is made of typed arrays, so that the
 * garbage collector has nothing to look at. Numbers stand in the slot of their hash, or in the next free one behind it.
 */

/** Below 2^53, like all numbers that a double holds exactly. */
const EMPTY = -1

/** 2^32 divided by the golden ratio: spreads hashes that are alike in their low bits. */
const SPREAD = 0x9e3779b1 | 0

const LEAST_BITS = 6

export class HashSlots {
  #hashes: Int32Array
  #numbers: Float64Array
  #size = 0
  /** So many bits of a hash choose its slot. */
  #bits: number
  #mask: number

  /** `expected`: how many numbers there may be; if there are more, it grows. */
  constructor(expected = 0) {
    this.#bits = Math.max(LEAST_BITS, Math.ceil(Math.log2(2 * expected + 1)))
    this.#mask = (1 << this.#bits) - 1
    this.#hashes = new Int32Array(1 << this.#bits)
    this.#numbers = new Float64Array(1 << this.#bits).fill(EMPTY)
  }

  /** Returns the first slot of a hash; -1 if there is none. It is valid until something is added or removed. */
  first(hash: number): number {
    return this.#find(this.#home(hash), hash)
  }

  /** Returns the next slot of the same hash; -1 if there is none. */
  next(slot: number, hash: number): number {
    return this.#find((slot + 1) & this.#mask, hash)
  }

  numberAt(slot: number): number {
    return this.#numbers[slot]!
  }

  replaceAt(slot: number, number: number): void {
    this.#numbers[slot] = number
  }

  add(hash: number, number: number): void {
    // More than half of the slots in use would make searches long.
    if (2 * ++this.#size > this.#mask) this.#grow()
    this.#put(hash, number)
  }

  /** Removes what is in a slot, and moves up what stands behind it only because that slot was taken. */
  removeAt(slot: number): void {
    const [hashes, numbers, mask] = [this.#hashes, this.#numbers, this.#mask]
    let free = slot
    for (let at = (slot + 1) & mask; numbers[at] !== EMPTY; at = (at + 1) & mask) {
      const fromHome = (at - this.#home(hashes[at]!)) & mask
      if (fromHome < ((at - free) & mask)) continue
      hashes[free] = hashes[at]!
      numbers[free] = numbers[at]!
      free = at
    }
    numbers[free] = EMPTY
    this.#size--
  }

  #find(from: number, hash: number): number {
    const [hashes, numbers, mask] = [this.#hashes, this.#numbers, this.#mask]
    for (let slot = from; numbers[slot] !== EMPTY; slot = (slot + 1) & mask)
      if (hashes[slot] === hash) return slot
    return -1
  }

  #put(hash: number, number: number): void {
    let slot = this.#home(hash)
    while (this.#numbers[slot] !== EMPTY) slot = (slot + 1) & this.#mask
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
    this.#numbers = new Float64Array(2 * hashes.length).fill(EMPTY)
    for (const [slot, number] of numbers.entries()) if (number !== EMPTY) this.#put(hashes[slot]!, number)
  }
}
