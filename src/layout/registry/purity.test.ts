import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** What a pure function must not use: the clock, random numbers, the process, output, waiting. */
const IMPURE =
  /Date\.now|new Date\(\)|Math\.random|performance\.|randomUUID|process\.|console\.|setTimeout|setInterval|\bawait\b/

it('layouts use no clock, no random numbers and no output, and keep nothing between runs', () => {
  const files = globSync('src/layout/**/*.ts').filter((file) => !/\.(test|support)\.ts$/.test(file))
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => IMPURE.test(readFileSync(file, 'utf8')))).toEqual([])
  // A `let` outside of functions would be state that two runs in one process share.
  expect(files.filter((file) => /^(export )?let /m.test(readFileSync(file, 'utf8')))).toEqual([])
})
