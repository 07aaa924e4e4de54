/** The servers that hold the data, connected to: one, or the masters of a cluster. */
import type { Address } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import type { Identity } from './open-connection.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { RedisNode, type RedisNodeOptions } from './redis-node.ts'
import { slotOf } from '../resp/key-slot.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Reply } from '../resp/reply.ts'

/** The masters; on a cluster, each slot is one's. */
export interface Topology {
  readonly masters: readonly Address[]
  /** By slot, the index of the master that has it; undefined where there is no cluster. */
  readonly owners: Uint16Array | undefined
}

/** Runs one command. */
export type Ask = (command: string, ...args: (string | number)[]) => Promise<Reply>

/** Of these, the key is behind a script and the number of keys. */
const SCRIPTS = new Set(['EVAL', 'EVALSHA'])

/** A key may move on while it is being looked for. */
const MOST_HOPS = 5

export class NodePool {
  readonly all: readonly RedisNode[]
  #owners: Topology['owners']

  /** Connects to all; where one cannot be connected to, to none. */
  static async open({ masters, owners }: Topology, parts: RedisNodeOptions): Promise<NodePool> {
    const attempts = await Promise.allSettled(masters.map((address) => RedisNode.open(address, parts)))
    const opened = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []))
    const failed = attempts.findIndex((attempt) => attempt.status === 'rejected')
    if (failed === -1) return new NodePool(opened, owners)
    for (const node of opened) node.cut()
    throw classify((attempts[failed] as PromiseRejectedResult).reason, addressText(masters[failed]!)).error
  }

  private constructor(all: readonly RedisNode[], owners: Topology['owners']) {
    this.all = all
    this.#owners = owners
  }

  get isCluster(): boolean {
    return this.#owners !== undefined
  }

  get identities(): Identity[] {
    return this.all.flatMap(({ identities }) => identities)
  }

  get where(): string {
    return this.all.map(({ where }) => where).join(', ')
  }

  ofSlot(slot: number): RedisNode {
    return this.all[this.#owners === undefined ? 0 : this.#owners[slot]!]!
  }

  /** The one that a command is for; any, if it has no key. */
  ofCommand(command: string, args: readonly (string | number)[]): RedisNode {
    if (this.#owners === undefined) return this.all[0]!
    const key = args[SCRIPTS.has(command) ? 2 : 0]
    return key === undefined ? this.all[0]! : this.ofSlot(slotOf(Buffer.from(String(key))))
  }

  at(address: Address): RedisNode | undefined {
    const where = addressText(address)
    return this.all.find((node) => node.where === where)
  }

  /** A node may have none yet, while keys are on their way to it. */
  hasSlots(node: RedisNode): boolean {
    return this.#owners === undefined || this.#owners.includes(this.all.indexOf(node))
  }

  /** A slot of the server's: one of `slots`, if it has any of them, and none of those `avoided`, if it can be. */
  slotOf(
    node: RedisNode,
    slots: readonly (number | undefined)[],
    avoided: ReadonlySet<number | undefined> = new Set(),
  ): number | undefined {
    if (this.#owners === undefined) return undefined
    const its =
      slots.find((slot) => slot !== undefined && this.ofSlot(slot) === node) ??
      this.#owners.findIndex((owner, slot) => this.all[owner] === node && !avoided.has(slot))
    if (its !== -1) return its
    return this.#owners.indexOf(this.all.indexOf(node))
  }

  /** Follows what has changed; false where other servers are to be connected to. */
  adopt({ masters, owners }: Topology): boolean {
    const indexes = masters.map((address) => this.all.findIndex((node) => node === this.at(address)))
    if (owners === undefined || masters.length > this.all.length || indexes.includes(-1)) return false
    this.#owners = owners.map((index) => indexes[index]!)
    return true
  }

  /** Runs a command where its key is, wherever that may have gone meanwhile. */
  async ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    let node: RedisNode = this.ofCommand(command, args)
    let leadIn: string | undefined
    for (let hops = 0; ; hops++)
      try {
        return await node.ask(command, args, leadIn)
      } catch (error) {
        const redirection: Redirection | undefined = this.isCluster
          ? readRedirection((error as Error).message, node.address)
          : undefined
        const next: RedisNode | undefined = redirection?.address && this.at(redirection.address)
        if (next === undefined || hops === MOST_HOPS) throw error
        node = next
        leadIn = redirection!.kind === 'ask' ? 'ASKING' : undefined
      }
  }

  cut(): void {
    for (const node of this.all) node.cut()
  }
}
