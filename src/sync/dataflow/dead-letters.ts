/** Sets aside, in a capped Redis stream, the records that cannot be written, each with the reason. */
import { ConfigError } from '../../errors.ts'
import { Orders } from '../../layout/encoding/command-groups.ts'
import type { Link } from '../../redis/client/client.ts'
import type { Batch } from '../batches/batch.ts'
import type { Outcome } from './outcomes.ts'

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

export interface DeadLetterOptions {
  link: Link
  key: string
  /** How many are kept, about. */
  maxLength: number
}

export class DeadLetters {
  readonly #link: Link
  readonly #key: string
  readonly #maxLength: number

  constructor({ link, key, maxLength }: DeadLetterOptions) {
    this.#link = link
    this.#key = key
    this.#maxLength = maxLength
  }

  /** Takes the records that were rejected, in their order; throws where even that is refused. */
  async take(batch: Batch, outcomes: readonly Outcome[]): Promise<void> {
    const out = new Orders(Buffer.allocUnsafeSlow(1 << 16))
    out.add(MULTI)
    for (const outcome of outcomes)
      if (outcome.kind === 'rejected') {
        out.begin('XADD', 11)
        for (const word of [this.#key, 'MAXLEN', '~', String(this.#maxLength), '*']) out.word(word)
        for (const word of ['stream', batch.planOf(outcome.record).name, 'reason', outcome.reason])
          out.word(word)
        out.word('record')
        out.argument(batch.dataOf(outcome.record))
      }
    if (out.commands === 0) return
    const slot = this.#link.slotOf(Buffer.from(this.#key))
    const numbers = this.#link.once.of(slot)
    const sequence = numbers.next()
    out.command(...numbers.note(sequence))
    out.add(EXEC)
    const { rejections } = await this.#link.send({
      bytes: out.bytes.subarray(0, out.length),
      commands: out.commands,
      isTransaction: true,
      sequence,
      slot,
    })
    if (rejections.length > 0)
      throw new ConfigError(
        `The dead letters cannot be written to ${this.#key}. ${rejections[0]!.error.message}`,
      )
  }
}
