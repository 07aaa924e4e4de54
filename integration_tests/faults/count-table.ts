// Counts the runs of the fault matrix for each pair, and prints them as a table.
import { PAIRS, pairName, pairsOf, type MatrixCase } from './matrix-case.ts'
import { FAULTS } from './matrix-faults.ts'
import { LAYOUTS } from './matrix-layouts.ts'
import { MODES } from './matrix-modes.ts'
import { TOPOLOGY_NAMES } from './topology.ts'

interface Count {
  runs: number
  struck: number
}

export class CountTable {
  readonly #counts = new Map<string, Count>([...PAIRS].map((pair) => [pair, { runs: 0, struck: 0 }]))
  readonly #total: Count = { runs: 0, struck: 0 }

  add(one: MatrixCase, hasStruck: boolean): void {
    for (const count of [this.#total, ...pairsOf(one).map((pair) => this.#counts.get(pair)!)]) {
      count.runs++
      if (hasStruck) count.struck++
    }
  }

  /** Returns the pairs with fewer runs, among those in which the fault struck. */
  rarerThan(runs: number): string[] {
    return [...this.#counts].filter(([, count]) => count.struck < runs).map(([pair]) => pair)
  }

  /** The table as text: runs in which the fault struck, of all runs. */
  get text(): string {
    const others = [...LAYOUTS, ...MODES].map(({ name }) => name).concat(TOPOLOGY_NAMES)
    const title = Math.max(...FAULTS.map(({ name }) => name.length))
    const rowOf = (first: string, cells: string[], fill = ' '): string => {
      const padded = cells.map((cell, at) => cell.padStart(Math.max(others[at]!.length, 7), fill))
      return `| ${first.padEnd(title, fill)} | ${padded.join(' | ')} |`
    }
    const rows = FAULTS.map(({ name }) =>
      rowOf(
        name,
        others.map((other) => this.#cell(pairName(other, name))),
      ),
    )
    const { runs, struck } = this.#total
    return [
      `The fault struck in ${struck} of ${runs} runs.`,
      rowOf('', others),
      rowOf(
        '',
        others.map(() => ''),
        '-',
      ),
      ...rows,
    ].join('\n')
  }

  #cell(pair: string): string {
    const count = this.#counts.get(pair)
    return count === undefined ? '–' : `${count.struck}/${count.runs}`
  }
}
