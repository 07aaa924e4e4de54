// What the connector is to reach, beside what it reached.
export type Target = { atLeast: number } | { atMost: number }

export class Verdicts {
  readonly #missed: string[] = []
  #count = 0

  /** The figure as a table's cell, with its target and whether that is met. */
  classify(
    what: string,
    figure: number,
    target: Target | undefined,
    show: (figure: number) => string,
  ): string {
    if (target === undefined) return show(figure)
    const [sign, limit] = 'atLeast' in target ? ['≥', target.atLeast] : ['≤', target.atMost]
    // What rounds to the target has reached it: no measurement here is finer than its digits.
    const isMet = show(figure) === show(limit) || (sign === '≥' ? figure > limit : figure < limit)
    const handling = `${show(figure)} (${sign} ${show(limit)}: ${isMet ? 'met' : '**missed**'})`
    this.#count++
    if (!isMet) this.#missed.push(`${what} ${show(figure)}, ${sign} ${show(limit)}`)
    return handling
  }

  summary(): string {
    const met = `${this.#count - this.#missed.length} of ${this.#count} targets met.`
    return this.#missed.length === 0 ? met : `${met} Missed: ${this.#missed.join('; ')}.`
  }
}
