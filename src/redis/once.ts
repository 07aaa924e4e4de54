/**
 * Transactions that must not be run twice carry a number, and leave it on the server under a key of the run: when
 * their replies were lost, that key tells which of them were run.
 */
import { TransientError } from '../errors.ts'
import type { Ask } from './link.ts'

/** Long enough for the longest outage that anybody waits out; a run that ends well removes the key itself. */
const KEPT_SECONDS = 7 * 24 * 3600

export class OnceOnly {
  readonly key: string
  /** The number given out last. */
  #given = 0
  /** The number of the newest transaction whose replies are in. */
  #confirmed = 0

  /** `key`: unique to the run. */
  constructor(key: string) {
    this.key = key
  }

  /** The number of the next transaction. Transactions must be sent in the order of their numbers. */
  next(): number {
    return ++this.#given
  }

  /** The command that a transaction has to contain. */
  note(sequence: number): readonly [command: string, ...args: string[]] {
    return ['SET', this.key, String(sequence), 'EX', String(KEPT_SECONDS)]
  }

  confirmed(sequence: number): void {
    this.#confirmed = Math.max(this.#confirmed, sequence)
  }

  /** The number of the newest transaction that the server has run; throws if it has lost some that it had run. */
  async run(ask: Ask): Promise<number> {
    if (this.#given === 0) return 0
    const reply = await ask('GET', this.key)
    const run = reply === null ? 0 : Number(reply)
    if (run >= this.#confirmed) return run
    throw new OlderDataError(
      'Redis came back with older data: acknowledged records may be gone. Run a full refresh; with appendfsync ' +
        'always this does not happen.',
    )
  }

  /** The run has ended well: throws if the server has lost any of it, and leaves nothing behind. */
  async end(ask: Ask): Promise<void> {
    await this.run(ask)
    if (this.#given === 0) return
    // Before it goes, as a connection that breaks then would find it missing.
    this.#given = this.#confirmed = 0
    await ask('UNLINK', this.key)
  }
}

/** No new attempt of the same run can make up for what is gone. */
export class OlderDataError extends TransientError {}
