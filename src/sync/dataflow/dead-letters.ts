/** Sets aside, in a capped Redis stream, the records that cannot be written, each with the reason. */
import { ConfigError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { RecordOutcome } from './outcomes.ts'

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

export interface DeadLetterOptions {
  client: RedisClient
  key: string
  /** How many are kept, about. */
  maxLength: number
}

export class DeadLetters {
  readonly #client: RedisClient
  readonly #key: string
  readonly #maxLength: number

  constructor({ client, key, maxLength }: DeadLetterOptions) {
    this.#client = client
    this.#key = key
    this.#maxLength = maxLength
  }

  /** Takes the records that were rejected, in their order; throws where even that is refused. */
  async take(batch: Batch, outcomes: readonly RecordOutcome[]): Promise<void> {
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    out.add(MULTI)
    for (const outcome of outcomes)
      if (outcome.kind === 'rejected') {
        out.begin('XADD', 11)
        out.keyText(this.#key)
        for (const entry of ['MAXLEN', '~', String(this.#maxLength), '*']) out.textArgument(entry)
        for (const entry of ['stream', batch.planOf(outcome.record).name, 'reason', outcome.problem.sentence])
          out.textArgument(entry)
        out.textArgument('record')
        out.argument(batch.dataOf(outcome.record))
      }
    if (out.commands === 0) return
    const slot = this.#client.slotOf(Buffer.from(this.#key))
    const numbers = this.#client.once.of(slot)
    const sequence = numbers.next()
    out.command(...numbers.note(sequence))
    out.add(EXEC)
    const { rejections } = await this.#client.send({
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
