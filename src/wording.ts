/** Puts several names into one sentence, and finds the name that was meant. */

/** Nobody reads more of them. */
const MOST_NAMES = 50

/** Returns `a, b and c`. */
export function listAnd(names: readonly string[]): string {
  return joined(names, 'and')
}

/** Returns `a, b or c`. */
export function listOr(names: readonly string[]): string {
  return joined(names, 'or')
}

function joined(names: readonly string[], conjunction: string): string {
  if (names.length > MOST_NAMES)
    return `${names.slice(0, MOST_NAMES).join(', ')}… ${conjunction} ${names.length - MOST_NAMES} more`
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${conjunction} ${names.at(-1)}`
}

/** Longer names are no misspellings of each other. */
const MOST_LETTERS = 40

/** Returns the most similar of the candidates; undefined if none is similar. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const distances = candidates.map((candidate) => [distance(name, candidate), candidate] as const)
  const [least] = distances.toSorted(([one], [other]) => one - other)
  // One typing error for each three letters, at least one.
  return least !== undefined && least[0] <= Math.max(1, Math.floor(name.length / 3)) ? least[1] : undefined
}

/** Counts the letters to insert, delete, replace or swap with their neighbour until both are equal. */
function distance(one: string, other: string): number {
  if (one.length > MOST_LETTERS || other.length > MOST_LETTERS) return Infinity
  let [before, row]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      next[j] = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, isSwap ? before[j - 2]! + 1 : Infinity)
    }
    ;[before, row] = [row, next]
  }
  return row[other.length]!
}
