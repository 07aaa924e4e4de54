// Moves a slot from one master to another as redis-cli does, one step at a time. A test may stop between two steps
// and see how a client handles a slot that is half moved.
//
//   const move = await cluster.beginMove(slot, to)   from now on, commands for missing keys are redirected to `to`
//   await move.moveKeys(10)
//   await move.moveKeys()                            the remaining keys
//   await move.finish()                              the slot has a new owner
import type { Redis } from 'ioredis'
import { pollUntil } from './poll.ts'

interface Side {
  id: string
  client: Redis
}

interface Sides {
  source: Side
  target: Side & { host: string; port: number }
  /** The masters that neither lose nor gain the slot. */
  others: readonly Side[]
  password: string | undefined
}

const timeoutMs = 10_000

export class SlotMove {
  readonly slot: number
  readonly #sides: Sides

  constructor(slot: number, sides: Sides) {
    this.slot = slot
    this.#sides = sides
  }

  async begin(): Promise<void> {
    const { source, target } = this.#sides
    await target.client.cluster('SETSLOT', this.slot, 'IMPORTING', source.id)
    await source.client.cluster('SETSLOT', this.slot, 'MIGRATING', target.id)
  }

  /** Moves at most so many keys, or all keys; returns how many were moved. */
  async moveKeys(most = Infinity): Promise<number> {
    const { source } = this.#sides
    for (let moved = 0; ;) {
      const count = Math.min(100, most - moved)
      const keys = await source.client.cluster('GETKEYSINSLOT', this.slot, count)
      if (keys.length === 0 || count <= 0) return moved
      await this.#migrate(keys)
      moved += keys.length
    }
  }

  /** Tells the target first, so that the slot always has an owner. */
  async finish(): Promise<void> {
    const { source, target, others } = this.#sides
    const sides = [target, source, ...others]
    for (const { client } of sides) await client.cluster('SETSLOT', this.slot, 'NODE', target.id)
    // An older gossip message may overwrite the new owner, so the nodes are told again.
    await pollUntil('the nodes to agree', async () => {
      const owners = await Promise.all(sides.map(({ client }) => ownerOf(this.slot, client)))
      const wrong = sides.filter((_, index) => owners[index] !== target.id)
      for (const { client } of wrong) await client.cluster('SETSLOT', this.slot, 'NODE', target.id)
      return wrong.length === 0
    })
  }

  async #migrate(keys: string[]): Promise<void> {
    const { source, target, password } = this.#sides
    const login = password === undefined ? [] : ['AUTH', password]
    const args = [target.host, target.port, '', 0, timeoutMs, ...login, 'KEYS', ...keys]
    await source.client.call('MIGRATE', ...args)
  }
}

/** Returns the id of the owner of a slot, as one node sees it. */
async function ownerOf(slot: number, client: Redis): Promise<string | undefined> {
  const ranges = await client.cluster('SLOTS')
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2]?.[2]
}
