/**
 * Returns the milliseconds since some moment, by a clock that nobody sets. `performance` has the same, and loads a module of
 * Node for it at every start.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1_000_000
}
