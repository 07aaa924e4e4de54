// Seeded random values, so that every bench loads the same.
export type Random = () => number

export function pick(random: Random, choices: readonly string[]): string {
  return choices[Math.floor(random() * choices.length)]!
}

/** The generator known as mulberry32. */
export function seeded(state: number): Random {
  let next = state
  return () => {
    next = (next + 0x6d2b79f5) | 0
    let mixed = Math.imul(next ^ (next >>> 15), 1 | next)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
