/** Sets aside, in a capped Redis stream, the records that cannot be written, each with the reason. */
import { createHash } from 'node:crypto'
import { ConfigError, problem, sentenceOf, type Problem } from '../../errors.ts'
import { isTooLarge } from '../../redis/session/server-limits.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { Batch } from '../batches/batch.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { RecordOutcome } from './outcomes.ts'

export interface DeadLetterOptions {
  client: CommandClient
  key: string
  /** How many are kept, about. */
  maxLength: number
}

/** Of a record that Redis cannot take, an entry has only the beginning. */
const BYTES_OF_CUT = 4_096

const CUT = 'cut, cannot be replayed'

type Rejected = Extract<RecordOutcome, { kind: 'rejected' }>

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
    const rejected = outcomes.filter((outcome) => outcome.kind === 'rejected')
    const rejections = await this.#send(batch, rejected, (outcome) => isTooLargeRecord(outcome.problem))
    // A record may be too large for an entry, too, whatever it was rejected for.
    const tooLarge = rejections.filter(
      ({ error }) => error.problem !== undefined && isTooLarge(error.problem),
    )
    const cut = tooLarge.map(({ index }) => rejected[index]!)
    const refused = [
      ...rejections.filter((rejection) => !tooLarge.includes(rejection)),
      ...(await this.#send(batch, cut, () => true)),
    ]
    if (refused.length > 0)
      throw new ConfigError(
        problem(
          'dead-letters-refused',
          `The dead letters cannot be written to ${this.#key}. ${sentenceOf(refused[0]!.error)}`,
          { options: ['on_record_error'], params: { key: this.#key } },
        ),
      )
  }

  async #send(
    batch: Batch,
    rejected: readonly Rejected[],
    isCut: (outcome: Rejected) => boolean,
  ): Promise<WriteResult['rejections']> {
    if (rejected.length === 0) return []
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    for (const outcome of rejected) this.#addEntry(out, batch, outcome, isCut(outcome))
    const { rejections } = await this.#client.send({
      kind: 'transaction',
      commands: EncodedCommands.from(out),
      slot: this.#client.slotOf(Buffer.from(this.#key)),
      isCounted: false,
      isRepeatable: false,
      confirmedBy: 'reply',
    })
    return rejections
  }

  #addEntry(out: CommandBuffer, batch: Batch, { record, problem: reason }: Rejected, isCut: boolean): void {
    const fields = ['stream', batch.planOf(record).name, 'reason', reason.sentence]
    // A line that was too long was not kept.
    const data = reason.code === 'line-too-long' ? undefined : batch.dataOf(record)
    if (data === undefined)
      fields.push('line', String(batch.lineOf(record)), 'size', String(reason.params['bytes']))
    else if (isCut) fields.push(...cutFields(batch.lineOf(record), data))
    out.begin('XADD', 5 + fields.length + (data === undefined ? 0 : 2))
    out.keyText(this.#key)
    for (const argument of ['MAXLEN', '~', String(this.#maxLength), '*', ...fields])
      out.textArgument(argument)
    if (data === undefined) return
    out.textArgument('record')
    out.argument(data, 0, isCut ? endOfCut(data) : data.length)
  }
}

function isTooLargeRecord(reason: Problem): boolean {
  return reason.code === 'record-too-large' || isTooLarge(reason)
}

function cutFields(line: number, data: Buffer): string[] {
  const sha256 = createHash('sha256').update(data).digest('hex')
  return ['line', String(line), 'size', String(data.length), 'sha256', sha256, 'cut', CUT]
}

/** Returns the end of the last whole character that fits. */
function endOfCut(data: Buffer): number {
  let end = Math.min(data.length, BYTES_OF_CUT)
  const isContinued = (at: number): boolean => (data[at]! & 0xc0) === 0x80
  while (end > 0 && end < data.length && isContinued(end)) end--
  return end
}
