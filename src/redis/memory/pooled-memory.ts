/** Memory that is taken from a pool where that is worth while: the buffers of a pool are never small. */
import type { BufferPool } from './buffer-pool.ts'

export class PooledMemory {
  readonly bytes: Buffer
  readonly #pool: BufferPool | undefined

  /** `pool`: undefined where the memory is not used again. */
  constructor(size: number, pool: BufferPool | undefined) {
    this.#pool = pool !== undefined && size >= pool.least ? pool : undefined
    this.bytes = this.#pool?.take(size) ?? Buffer.allocUnsafeSlow(size)
  }

  /** Gives the memory back: nobody will read it any more. */
  giveBack(): void {
    this.#pool?.give(this.bytes)
  }
}
