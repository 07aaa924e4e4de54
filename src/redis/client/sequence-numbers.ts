/** Numbers that a run leaves on the servers: one row of them; on a cluster, one in each slot that needs its own. */
import { SlotSequence } from './once.ts'
import type { Ask } from '../session/node-pool.ts'

export class SequenceNumbers {
  readonly #keyIn: (slot: number | undefined) => string
  /** Slots that were on their way to another node. */
  readonly avoided = new Set<number | undefined>()
  readonly #rows = new Map<number | undefined, SlotSequence>()

  /** `keyIn`: keys that no other run uses, each in the slot that is given. */
  constructor(keyIn: (slot: number | undefined) => string) {
    this.#keyIn = keyIn
  }

  /** Of transactions in one slot; where there is one server, of all. */
  of(slot: number | undefined): SlotSequence {
    let row = this.#rows.get(slot)
    if (row === undefined) this.#rows.set(slot, (row = new SlotSequence(this.#keyIn(slot))))
    return row
  }

  /** Slots that have numbers and are to have more. */
  get slots(): (number | undefined)[] {
    return [...this.#rows.keys()].filter((slot) => !this.avoided.has(slot))
  }

  /** By slot, the number that was left last; throws if servers have lost some that had been confirmed. */
  async runs(ask: Ask): Promise<Map<number | undefined, number>> {
    const rows = [...this.#rows]
    const runs = await Promise.all(rows.map(([, row]) => row.run(ask)))
    return new Map(rows.map(([slot], index) => [slot, runs[index]!]))
  }

  /** The run has ended well: throws if servers have lost any of it, and leaves nothing behind. */
  async end(ask: Ask): Promise<void> {
    await Promise.all([...this.#rows.values()].map((row) => row.end(ask)))
  }
}
