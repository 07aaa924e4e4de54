// The targets of the connector, beside the measured figures.
export type Target = { atLeast: number } | { atMost: number }

export class Verdicts {
  readonly #missed: string[] = []
  #count = 0

  /** Returns the figure as a cell, with its target and whether it is met. */
  classify(
    what: string,
    figure: number,
    target: Target | undefined,
    show: (figure: number) => string,
  ): string {
    if (target === undefined) return show(figure)
    const [sign, limit] = 'atLeast' in target ? ['≥', target.atLeast] : ['≤', target.atMost]
    // A figure that rounds to the target meets it: no measurement is more exact than its digits.
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
