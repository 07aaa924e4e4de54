// Chooses which of many alike cases npm test runs; npm run test:long runs all of them.

/** Returns every second item, from `offset` on, so that files with different offsets have each item in one of them. */
export function someOf<Item>(items: readonly Item[], offset: 0 | 1): Item[] {
  return process.env['TEST_LONG'] ? [...items] : items.filter((_, index) => index % 2 === offset)
}
