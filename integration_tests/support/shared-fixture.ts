// Servers that the tests of one file share.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'

/**
 * Starts a fixture before the tests of the file and stops it behind them. A test that fails, or that does not end in
 * time, may leave the fixture frozen, or may still be using it: the next test gets a new one. That is not for files
 * whose tests build on each other.
 */
export function shareFixture<Fixture extends { stop(): Promise<void> }>(
  start: () => Promise<Fixture>,
  use: (fixture: Fixture) => void,
): void {
  let fixture: Fixture | undefined
  let isBroken = false

  const renew = async (): Promise<void> => {
    await fixture?.stop()
    fixture = undefined
    use((fixture = await start()))
    isBroken = false
  }
  beforeAll(renew)
  beforeEach(() => (isBroken ? renew() : undefined))
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') isBroken = true
  })
  afterAll(() => fixture?.stop())
}
