/** Sends single commands to the node of their key, and again over new connections until there is a reply. */
import type { Address } from '../../config/settings/config.ts'
import type { RedirectionBarrier } from './redirection-barrier.ts'
import { readRedirection } from '../failures/redirection.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Reply } from '../resp/reply.ts'

interface PendingCommand {
  readonly command: string
  readonly args: readonly (string | number)[]
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  isSent: boolean
  /** Whether a redirect was the reply: the command has to be sent to another node, or later to the same one. */
  isRedirected: boolean
  /** The node of an `ASK` redirect. */
  askNode: Address | undefined
}

export interface CommandQueueEvents {
  /** Called when a command has been run. */
  confirmed(): void
  /** Called when the connections cannot be used any more. */
  refused(reason: unknown): void
}

export class CommandQueue {
  readonly #barrier: RedirectionBarrier
  readonly #events: CommandQueueEvents
  /** The commands without a reply, in the order in which they were given. */
  readonly #open = new Set<PendingCommand>()
  /** How many of them were redirected. */
  #redirected = 0
  #nodes: NodePool | undefined

  constructor(barrier: RedirectionBarrier, events: CommandQueueEvents) {
    this.#barrier = barrier
    this.#events = events
  }

  ask(command: string, args: readonly (string | number)[]): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const pending: PendingCommand = {
      command,
      args,
      resolve,
      reject,
      isSent: false,
      isRedirected: false,
      askNode: undefined,
    }
    this.#open.add(pending)
    if (!this.#barrier.isOn && this.#nodes !== undefined) this.#send(pending, this.#nodes)
    return promise
  }

  attach(nodes: NodePool): void {
    this.#nodes = nodes
    for (const pending of this.#open) this.#send(pending, nodes)
  }

  detach(): void {
    this.#nodes = undefined
  }

  /** Sends the commands that were redirected, and those that waited for them. */
  resume(): void {
    for (const pending of this.#open)
      if (!pending.isSent && this.#nodes !== undefined) this.#send(pending, this.#nodes)
  }

  fail(error: Error): void {
    for (const { reject } of this.#open) reject(error)
    this.#open.clear()
    this.#redirected = 0
  }

  #send(pending: PendingCommand, nodes: NodePool): void {
    const { command, args, askNode } = pending
    const node = (askNode && nodes.at(askNode)) ?? nodes.ofCommand(command, args)
    pending.isSent = true
    this.#barrier.begins()
    node.ask(command, args, askNode && 'ASKING').then(
      (reply) => {
        if (this.#close(pending)) pending.resolve(reply)
        if (nodes !== this.#nodes) return
        if (this.#redirected === 0) this.#events.confirmed()
        this.#barrier.ends()
      },
      (error: Error) => {
        if (nodes === this.#nodes) this.#refused(pending, error, node, nodes.isCluster)
      },
    )
  }

  #refused(pending: PendingCommand, error: Error, node: RedisNode, isCluster: boolean): void {
    const redirection = isCluster ? readRedirection(error.message, node.address) : undefined
    if (redirection !== undefined) {
      pending.isSent = false
      if (!pending.isRedirected) this.#redirected++
      pending.isRedirected = true
      pending.askNode = redirection.kind === 'ask' ? redirection.address : undefined
      return this.#barrier.ends([redirection])
    }
    const { handling, error: judged } = classify(error, node)
    if (handling === 'retry') return this.#events.refused(judged)
    this.#close(pending)
    pending.reject(judged)
    this.#barrier.ends()
  }

  /** Returns whether the command had no reply so far. */
  #close(pending: PendingCommand): boolean {
    const wasOpen = this.#open.delete(pending)
    if (wasOpen && pending.isRedirected) this.#redirected--
    return wasOpen
  }
}
