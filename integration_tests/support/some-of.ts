// Chooses which of many alike cases npm test runs; npm run test:long runs all of them.

/** Returns every third item, from `offset` on, so that tests with different offsets have each item in one of them. */
export function someOf<Item>(items: readonly Item[], offset: 0 | 1 | 2): Item[] {
  return process.env['TEST_LONG'] ? [...items] : items.filter((_, index) => index % 3 === offset)
}
