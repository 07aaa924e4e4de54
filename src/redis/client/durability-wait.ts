/**
 * Makes sure that what servers have answered outlives them: WAIT and WAITAOF tell how many replicas, and disks, have
 * all that was written before a write of the same connection. They hold up that connection, so it is one of its own.
 */
import type { Durability } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import type { Outage } from '../failures/outage.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'
import { classify } from '../failures/error-classifier.ts'
import { clusterReorganised } from '../failures/reply-rules.ts'
import type { Reply } from '../resp/reply.ts'

type Asked = Exclude<Durability, { mode: 'none' }>

export interface DurabilityWaitOptions {
  /** Gives a key that no other run uses, in a slot. */
  keyIn: (slot: number | undefined) => string
  outage: Outage
  ended: AbortSignal
}

export class DurabilityWait {
  readonly #durability: Asked
  readonly #parts: DurabilityWaitOptions
  /** Written to. */
  readonly #keys = new Set<string>()
  /** Slots that were on their way to another server. */
  readonly #avoided = new Set<number | undefined>()

  constructor(durability: Asked, parts: DurabilityWaitOptions) {
    this.#durability = durability
    this.#parts = parts
  }

  /** Resolves when all that the servers have answered is as durable as was asked for; waits for it, but not for ever. */
  async assure(nodes: NodePool): Promise<void> {
    const isKeyIts = (node: RedisNode): boolean =>
      nodes.hasSlots(node) && nodes.ofCommand('SET', [this.#parts.keyIn(nodes.slotOf(node, []))]) === node
    // Where all keys have one tag, other servers than that of its slot have nothing to make durable.
    const written = nodes.all.filter((node) => node.needsDurabilityWait && isKeyIts(node))
    for (const node of written) node.needsDurabilityWait = false
    await Promise.all(
      written.map((node) =>
        this.#assureOne(node, nodes).catch((error: unknown) => {
          throw classify(error, node).error
        }),
      ),
    )
  }

  /** The keys that it has written to. */
  get keys(): string[] {
    return [...this.#keys]
  }

  async #assureOne(node: RedisNode, nodes: NodePool): Promise<void> {
    const { keyIn, outage, ended } = this.#parts
    for (;;) {
      const slot = nodes.slotOf(node, [], this.#avoided)
      const key = keyIn(slot)
      this.#keys.add(key)
      const reply = await this.#ask(node, key).catch((error: Error) => {
        const redirection = readRedirection(error.message, node.address)
        if (!nodes.isCluster || redirection === undefined) throw error
        return redirection
      })
      if (isRedirection(reply)) {
        // It has no other one: who has what is to be read again.
        if (this.#avoided.has(slot)) throw new TransientError(clusterReorganised(node.where))
        this.#avoided.add(slot)
        continue
      }
      const lack = this.#lackIn(reply, node.where)
      if (lack === undefined) return outage.end()
      await outage.pause(
        new TransientError(
          problem('not-durable', lack, { options: ['durability'], params: { where: node.where } }),
        ),
        ended,
      )
    }
  }

  #ask(node: RedisNode, key: string): Promise<Reply> {
    const durability = this.#durability
    return durability.mode === 'replicas'
      ? node.waitForDurability(key, 'WAIT', durability.count, durability.timeoutMs)
      : node.waitForDurability(key, 'WAITAOF', 1, durability.replicas, durability.timeoutMs)
  }

  #lackIn(reply: Reply, where: string): string | undefined {
    const durability = this.#durability
    if (durability.mode === 'replicas') {
      const has = Number(reply)
      return has >= durability.count
        ? undefined
        : `${has} of ${durability.count} replicas (durability.count) have what was written to Redis at ${where}.`
    }
    const [disks, replicas] = (reply as Reply[]).map(Number)
    if (disks! < 1)
      return `Redis at ${where} has not written to its disk what it was given (durability.mode fsync).`
    return replicas! >= durability.replicas
      ? undefined
      : `${replicas} of ${durability.replicas} replicas (durability.replicas) have on disk what was written to Redis at ${where}.`
  }
}

function isRedirection(reply: Reply | Redirection): reply is Redirection {
  return typeof reply === 'object' && reply !== null && 'kind' in reply
}
