/**
 * Decides whether anything may be sent now: there are connections, no redirection is being followed, and what is under
 * way is not being read to its end before the connections are closed.
 */
import type { Redirection } from '../failures/redirection.ts'
import type { NodePool } from '../session/node-pool.ts'
import { RedirectionBarrier } from './redirection-barrier.ts'

export class SendGate {
  readonly barrier: RedirectionBarrier
  #nodes: NodePool | undefined
  #drained: (() => void) | undefined
  /** The number of writes that have no complete reply. */
  #underWay = 0
  /** Whether each write is sent only when the one before it is answered. */
  isOneAtATime = false

  /** `redirected` runs when everything under way is answered, and some of it was redirected. */
  constructor(redirected: (redirections: readonly Redirection[]) => void) {
    this.barrier = new RedirectionBarrier(redirected)
  }

  /** Undefined while there are no connections. */
  get nodes(): NodePool | undefined {
    return this.#nodes
  }

  get canSend(): boolean {
    if (this.isOneAtATime && this.#underWay > 0) return false
    return this.#nodes !== undefined && !this.barrier.isOn && this.#drained === undefined
  }

  attach(nodes: NodePool): void {
    this.#nodes = nodes
    this.#drained = undefined
    this.#underWay = 0
    this.barrier.reset()
  }

  detach(): void {
    this.#nodes = undefined
    this.#drained?.()
  }

  /** Lets nothing more pass; resolves when all that was sent is answered, or the connections are gone. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve
      if (this.#underWay === 0) resolve()
    })
  }

  begins(): void {
    this.#underWay++
    this.barrier.begins()
  }

  /** Counts one write as answered. */
  ends(redirections: readonly Redirection[]): void {
    this.#underWay--
    if (this.#underWay === 0) this.#drained?.()
    this.barrier.ends(redirections)
  }
}
