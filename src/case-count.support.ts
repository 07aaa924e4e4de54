/** Returns how many cases a test runs: `reduced` normally, `full` under `npm run test:long`. */
export function caseCount(reduced: number, full: number): number {
  return process.env['TEST_LONG'] ? full : reduced
}
