/**
 * Blocks sending after a cluster has redirected a command, until everything under way has a reply. The write queue then
 * decides which writes are sent first.
 */
import type { Redirection } from '../failures/redirection.ts'

export class RedirectionBarrier {
  readonly #over: (redirections: readonly Redirection[]) => void
  #redirections: Redirection[] = []
  #hasReported = false
  /** The number of writes and commands whose replies have not been taken. */
  #underWay = 0

  /** `over` runs once, when nothing is under way any more. */
  constructor(over: (redirections: readonly Redirection[]) => void) {
    this.#over = over
  }

  get isOn(): boolean {
    return this.#redirections.length > 0
  }

  begins(): void {
    this.#underWay++
  }

  /** Counts one write or command as answered. */
  ends(redirections: readonly Redirection[] = []): void {
    this.#underWay--
    for (const redirection of redirections) this.#redirections.push(redirection)
    if (!this.isOn || this.#underWay > 0 || this.#hasReported) return
    this.#hasReported = true
    this.#over(this.#redirections)
  }

  /** Lets writes be sent again. */
  release(): void {
    this.#redirections = []
    this.#hasReported = false
  }

  /** Forgets what was under way on connections that are gone. */
  reset(): void {
    this.release()
    this.#underWay = 0
  }
}
