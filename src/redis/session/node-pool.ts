/** The connected servers that hold the data: one, or the masters of a cluster. */
import type { Address } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import type { Identity } from './open-connection.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { RedisNode, type RedisNodeOptions } from './redis-node.ts'
import { someAtATime } from './some-at-a-time.ts'
import type { SlotOwners } from '../resp/command-pieces.ts'
import { slotOf } from '../resp/key-slot.ts'
import { classify } from '../failures/error-classifier.ts'
import { TransientError } from '../../errors.ts'
import { isReplyError } from '../failures/reply-error.ts'
import { clusterReorganised } from '../failures/server-problem.ts'
import type { Reply } from '../resp/reply.ts'

/** The masters, and on a cluster the owner of each slot. */
export interface Topology {
  readonly masters: readonly Address[]
  /** By slot, the index of the master that owns it; undefined where there is no cluster. */
  readonly owners: SlotOwners | undefined
}

/** Throws where a node has named a host that may not be connected to. */
type RequireAllowed = (address: Address) => void

/** Runs one command and returns its reply. */
export type Ask = (command: string, ...args: (string | number)[]) => Promise<Reply>

/** Commands whose key follows a script and the number of keys. */
const SCRIPTS = new Set(['EVAL', 'EVALSHA'])

/** A slot may move on while a command follows it. */
const MOST_REDIRECTS = 5

export class NodePool {
  readonly all: readonly RedisNode[]
  #owners: Topology['owners']
  readonly #requireAllowed: RequireAllowed

  /** Connects to all masters, or to none of them. */
  static async open({ masters, owners }: Topology, parts: RedisNodeOptions): Promise<NodePool> {
    const opened: RedisNode[] = []
    try {
      const all = await someAtATime(masters, async (address) => {
        const node = await RedisNode.open(address, parts).catch((error: unknown) => {
          const source = { where: addressText(address), deployment: parts.connection.deployment.kind }
          throw classify(error, source).error
        })
        opened.push(node)
        return node
      })
      return new NodePool(all, owners, (address) => parts.transport.requireAllowed(address))
    } catch (error) {
      for (const node of opened) node.cut()
      throw error
    }
  }

  constructor(
    all: readonly RedisNode[],
    owners: Topology['owners'],
    requireAllowed: RequireAllowed = () => {},
  ) {
    this.all = all
    this.#owners = owners
    this.#requireAllowed = requireAllowed
  }

  /** The owners of the slots, as indexes of `all`; undefined where there is no cluster. */
  get owners(): SlotOwners | undefined {
    return this.#owners
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

  /** Returns the node for a command; any, if it has no key. */
  ofCommand(command: string, args: readonly (string | number)[]): RedisNode {
    if (this.#owners === undefined) return this.all[0]!
    const key = args[SCRIPTS.has(command) ? 2 : 0]
    return key === undefined ? this.all[0]! : this.ofSlot(slotOf(Buffer.from(String(key))))
  }

  at(address: Address): RedisNode | undefined {
    const where = addressText(address)
    return this.all.find((node) => node.where === where)
  }

  /** Returns whether a node owns slots. It may own none yet, while slots move to it. */
  hasSlots(node: RedisNode): boolean {
    return this.#owners === undefined || this.#owners.includes(this.all.indexOf(node))
  }

  /** Returns a slot of a node: one of `slots`, if it owns any of them, and none of those `avoided`, if there are others. */
  slotOf(
    node: RedisNode,
    slots: readonly (number | undefined)[],
    avoided: ReadonlySet<number | undefined> = new Set(),
  ): number | undefined {
    if (this.#owners === undefined) return undefined
    const own =
      slots.find((slot) => slot !== undefined && this.ofSlot(slot) === node) ??
      this.#owners.findIndex((owner, slot) => this.all[owner] === node && !avoided.has(slot))
    if (own !== -1) return own
    return this.#owners.indexOf(this.all.indexOf(node))
  }

  /** Uses a new topology; returns false where that needs new connections. */
  adopt({ masters, owners }: Topology): boolean {
    const indexes = masters.map((address) => this.all.findIndex((node) => node === this.at(address)))
    if (owners === undefined || masters.length > this.all.length || indexes.includes(-1)) return false
    this.#owners = owners.map((index) => indexes[index]!)
    return true
  }

  /** Runs a command on the node that has its key now. */
  async ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    let node: RedisNode = this.ofCommand(command, args)
    let leadIn: string | undefined
    for (let redirects = 0; ; redirects++)
      try {
        return await node.ask(command, args, leadIn)
      } catch (error) {
        const redirection: Redirection | undefined =
          this.isCluster && isReplyError(error) ? readRedirection(error.message, node.address) : undefined
        if (redirection === undefined) throw error
        if (redirection.address !== undefined) this.#requireAllowed(redirection.address)
        const next: RedisNode | undefined = redirection.address && this.at(redirection.address)
        // Slots are moving, or this node is cut off from the others: after a pause the slot map is read again.
        if (next === undefined || redirects === MOST_REDIRECTS)
          throw new TransientError(clusterReorganised(node.where), { cause: error })
        node = next
        leadIn = redirection.kind === 'ask' ? 'ASKING' : undefined
      }
  }

  cut(): void {
    for (const node of this.all) node.cut()
  }
}
