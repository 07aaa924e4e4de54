/** Memory for batches and their commands, used again and again, so that a long run leaves no garbage behind. */

/** Sizes are rounded up to this, so that slabs of records that differ a little can stand in for each other. */
const STEP = 1 << 16

export class Slabs {
  readonly #most: number
  readonly #spare: Buffer[] = []
  /** Bytes of all slabs, in use or not. */
  #total = 0

  /** `most`: bytes of slabs, those in use included, up to which slabs are kept for later. */
  constructor(most: number) {
    this.#most = most
  }

  /** A slab of `size` bytes or more. */
  take(size: number): Buffer {
    const index = this.#spare.findLastIndex((slab) => slab.length >= size)
    if (index !== -1) return this.#spare.splice(index, 1)[0]!
    // What is at hand is too small; keeping it as well would only add up.
    for (const slab of this.#spare.splice(0)) this.#total -= slab.length
    const rounded = Math.ceil(size / STEP) * STEP
    this.#total += rounded
    return Buffer.allocUnsafeSlow(rounded)
  }

  /** Takes a slab back that nobody uses any more. */
  give(slab: Buffer): void {
    if (this.#total <= this.#most) this.#spare.push(slab)
    else this.#total -= slab.length
  }
}
