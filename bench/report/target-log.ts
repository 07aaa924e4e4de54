// Compares figures with their targets, and counts which are met.
import type { Target } from './targets.ts'

export class TargetLog {
  readonly #missed: string[] = []
  #count = 0

  /** Returns the figure as a cell, with its target and whether it is met. */
  compare(
    what: string,
    figure: number,
    target: Target | undefined,
    show: (figure: number) => string,
  ): string {
    if (target === undefined) return show(figure)
    const [sign, limit] = 'atLeast' in target ? ['≥', target.atLeast] : ['≤', target.atMost]
    // A figure that rounds to the target meets it: no measurement is more exact than its digits.
    const isMet = show(figure) === show(limit) || (sign === '≥' ? figure > limit : figure < limit)
    this.#count++
    if (!isMet) this.#missed.push(`${what} ${show(figure)}, ${sign} ${show(limit)}`)
    return `${show(figure)} (${sign} ${show(limit)}: ${isMet ? 'met' : '**missed**'})`
  }

  summary(): string {
    const met = `${this.#count - this.#missed.length} of ${this.#count} targets met.`
    return this.#missed.length === 0 ? met : `${met} Missed: ${this.#missed.join('; ')}.`
  }
}
