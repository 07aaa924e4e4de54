/** For tests: random numbers that are the same for the same seed. */

/** Returns a whole number from 0 to below a limit. */
export type Random = (below: number) => number

/** Returns the generator known as mulberry32, from a seed of its own for each number. */
export function randomFrom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
