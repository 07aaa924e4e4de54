/**
 * Stops sending when a cluster has redirected a command, until everything under way is answered. The write queue then
 * decides which writes are sent first.
 */
import type { Redirection } from '../failures/redirection.ts'

export class RedirectionBarrier {
  readonly #over: (redirections: readonly Redirection[]) => void
  #redirections: Redirection[] = []
  #isTold = false
  /** What has not been answered, or whose answer has not been looked at. */
  #underWay = 0

  /** `over`: is told once, when nothing is under way any more. */
  constructor(over: (redirections: readonly Redirection[]) => void) {
    this.#over = over
  }

  get isOn(): boolean {
    return this.#redirections.length > 0
  }

  begins(): void {
    this.#underWay++
  }

  /** Something under way has been answered. */
  ends(redirections: readonly Redirection[] = []): void {
    this.#underWay--
    for (const redirection of redirections) this.#redirections.push(redirection)
    if (!this.isOn || this.#underWay > 0 || this.#isTold) return
    this.#isTold = true
    this.#over(this.#redirections)
  }

  /** Lets writes be sent again. */
  release(): void {
    this.#redirections = []
    this.#isTold = false
  }

  /** What was under way is so no more. */
  reset(): void {
    this.release()
    this.#underWay = 0
  }
}
