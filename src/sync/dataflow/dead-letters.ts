/** Sets aside, in a capped Redis stream, the records that cannot be written, each with the reason. */
import { ConfigError, problem, sentenceOf } from '../../errors.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { CommandClient } from '../streams/command-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { RecordOutcome } from './outcomes.ts'

export interface DeadLetterOptions {
  client: CommandClient
  key: string
  /** How many are kept, about. */
  maxLength: number
}

export class DeadLetters {
  readonly #client: CommandClient
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
    const { rejections } = await this.#client.send({
      kind: 'transaction',
      commands: EncodedCommands.from(out),
      slot: this.#client.slotOf(Buffer.from(this.#key)),
      isCounted: false,
      isRepeatable: false,
      confirmedBy: 'reply',
    })
    if (rejections.length > 0)
      throw new ConfigError(
        problem(
          'dead-letters-refused',
          `The dead letters cannot be written to ${this.#key}. ${sentenceOf(rejections[0]!.error)}`,
          { options: ['on_record_error'], params: { key: this.#key } },
        ),
      )
  }
}
