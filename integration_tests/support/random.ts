// Random numbers that can be repeated: a failed test names its seed, and SEED=<seed> repeats it.
export type Random = () => number

/** Returns a source of numbers from 0 to below 1 that are the same for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Runs `attempt` so many times, each time with another seed. */
export async function withSeeds(times: number, attempt: (random: Random) => Promise<void>): Promise<void> {
  const given = process.env['SEED']
  const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  for (let seed = first; seed < first + (given === undefined ? times : 1); seed++) {
    try {
      await attempt(randomFrom(seed))
    } catch (error) {
      const message = `With SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`
      throw Object.assign(new Error(message, { cause: error }), diffOf(error))
    }
  }
}

/** Returns the fields of a failed assertion that the test runner prints. */
function diffOf(error: unknown): object {
  const { actual, expected, stack } = Object(error) as {
    actual?: unknown
    expected?: unknown
    stack?: string
  }
  return { actual, expected, stack }
}
