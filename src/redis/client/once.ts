/**
 * Transactions that must not be run twice carry a number, and leave it on the server under a key of the run: when
 * their replies were lost, that key tells which of them were run.
 */
import { TransientError } from '../../errors.ts'
import type { Ask } from '../session/node-pool.ts'

/** Long enough for the longest outage that anybody waits out; a run that ends well removes the key itself. */
const KEPT_SECONDS = 7 * 24 * 3600

/** A number takes so many, so that another one can be put in its place. */
const DIGITS = 16

/** What is behind the number in a transaction that ends with its note. */
const BEHIND_NUMBER = `\r\n$2\r\nEX\r\n$6\r\n${KEPT_SECONDS}\r\n*1\r\n$4\r\nEXEC\r\n`.length

/** Numbers a transaction anew that ends with its note. */
export function putNumber(bytes: Buffer, number: number): void {
  bytes.write(textOf(number), bytes.length - BEHIND_NUMBER - DIGITS, 'latin1')
}

function textOf(number: number): string {
  return String(number).padStart(DIGITS, '0')
}

export class SlotSequence {
  readonly key: string
  /** The number given out last. */
  #given = 0
  /** The number sent last. */
  #sent = 0
  /** The number of the newest transaction whose replies are in. */
  #confirmed = 0

  /** `key`: unique to the run. */
  constructor(key: string) {
    this.key = key
  }

  /** The number of the next transaction. What is sent in another order, or again, gets another number then. */
  next(): number {
    return ++this.#given
  }

  /** The number to go out with: the given one, or a new one where a higher one has gone out already. */
  toSend(number: number): number {
    this.#sent = number > this.#sent ? number : this.next()
    return this.#sent
  }

  /** The command that a transaction has to end with. */
  note(sequence: number): readonly [command: string, ...args: string[]] {
    return ['SET', this.key, textOf(sequence), 'EX', String(KEPT_SECONDS)]
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
      'Redis came back with older data: acknowledged records may be gone. Run a full refresh; set durability ' +
        '(mode replicas where a replica takes over, mode fsync where Redis is restarted) to have this not happen.',
    )
  }

  /** The run has ended well: throws if the server has lost any of it, and leaves nothing behind. */
  async end(ask: Ask): Promise<void> {
    await this.run(ask)
    if (this.#given === 0) return
    // Before it goes, as a connection that breaks then would find it missing.
    this.#given = this.#sent = this.#confirmed = 0
    await ask('UNLINK', this.key)
  }
}

/** No new attempt of the same run can make up for what is gone. */
export class OlderDataError extends TransientError {}
