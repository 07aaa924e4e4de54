/**
 * Waits until replicas or disks have the writes that servers have confirmed. The replies to WAIT and WAITAOF say how
 * many of them have everything up to the last write of the same connection. Both block their connection, so they have
 * one of their own.
 */
import type { Durability } from '../../config/settings/config.ts'
import { problem, TransientError } from '../../errors.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import type { Outage } from '../failures/outage.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'
import { classify } from '../failures/error-classifier.ts'
import { clusterReorganised } from '../failures/server-problem.ts'
import type { Reply } from '../resp/reply.ts'

type ConfiguredDurability = Exclude<Durability, { mode: 'none' }>

export interface DurabilityWaitOptions {
  /** Returns a key in a slot, which no other run uses. */
  keyIn: (slot: number | undefined) => string
  outage: Outage
  ended: AbortSignal
}

export class DurabilityWait {
  readonly #durability: ConfiguredDurability
  readonly #options: DurabilityWaitOptions
  /** The keys that it has written. */
  readonly #keys = new Set<string>()
  /** Slots that were being moved to another node. */
  readonly #avoided = new Set<number | undefined>()

  constructor(durability: ConfiguredDurability, options: DurabilityWaitOptions) {
    this.#durability = durability
    this.#options = options
  }

  /** Resolves when everything that the servers have confirmed is as durable as configured; rejects when an outage ends. */
  async assure(nodes: NodePool): Promise<void> {
    const ownsKey = (node: RedisNode): boolean =>
      nodes.hasSlots(node) && nodes.ofCommand('SET', [this.#options.keyIn(nodes.slotOf(node, []))]) === node
    // If all keys have the same tag, only the node of its slot has writes.
    const written = nodes.all.filter((node) => node.needsDurabilityWait && ownsKey(node))
    for (const node of written) node.needsDurabilityWait = false
    await Promise.all(
      written.map((node) =>
        this.#waitForNode(node, nodes).catch((error: unknown) => {
          throw classify(error, node).error
        }),
      ),
    )
  }

  /** The keys that it has written. */
  get keys(): string[] {
    return [...this.#keys]
  }

  async #waitForNode(node: RedisNode, nodes: NodePool): Promise<void> {
    const { keyIn, outage, ended } = this.#options
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
        // The node has no other slot, so the slot map has to be read again.
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
