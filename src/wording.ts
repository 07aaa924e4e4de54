/** Puts several names into one sentence. */

/** Returns `a, b and c`. */
export function listAnd(names: readonly string[]): string {
  return joined(names, 'and')
}

/** Returns `a, b or c`. */
export function listOr(names: readonly string[]): string {
  return joined(names, 'or')
}

function joined(names: readonly string[], conjunction: string): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${conjunction} ${names.at(-1)}`
}
