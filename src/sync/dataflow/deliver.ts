/** Delivers one batch: lays it out, sends it, looks at every answer, and sees to the records that were not written. */
import { ConfigError, problem } from '../../errors.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Batch } from '../batches/batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { encodeBatch, type EncodedBatch } from './encode-batch.ts'
import type { CommandRange } from './part.ts'
import { decidedOutcomes, inOrder, outcomesOf, type RecordOutcome } from './outcomes.ts'
import type { Prepared } from './batch-preparation.ts'
import type { BufferPool } from '../batches/buffer-pool.ts'
import { requireKind } from './unseen.ts'

/**
 * Sends a batch before it returns; resolves when all of it is in Redis, or rightly is not, with the records that are
 * not; rejects when the run cannot go on.
 */
export type Deliver = (batch: Batch, prepared: Prepared) => Promise<RecordOutcome[]>

export interface DeliverOptions {
  client: RedisClient
  buffers: BufferPool
  /** Takes what cannot be written; without it, such a record ends the run. */
  deadLetters: DeadLetters | undefined
}

const MOST_STRETCH = 8

export function deliverBy({ client, buffers, deadLetters }: DeliverOptions): Deliver {
  /** What the batch laid out last came to, in proportion to what was thought: the next one will be like it. */
  let stretch = 1
  return async (batch, { ids, decide }) => {
    const decisions = decide()
    const buffer = buffers.take(Math.ceil(batch.size * stretch))
    const out = new CommandGroups(buffer, client.capabilities)
    const laidOut = encodeBatch(batch, out, { ids, decisions, client })
    stretch = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_STRETCH)
    if (deadLetters === undefined) {
      requireNone(batch, outcomesOf(batch, { ...laidOut, ranges: [] }, out, []))
      // Only dead letters need the records once they are laid out.
      batch.release()
    }
    const outcomes = outcomesOf(batch, laidOut, out, await send(client, laidOut, out))
    buffers.give(buffer)
    for (const decision of decisions.values()) decision.confirm()
    const decided = decidedOutcomes(decisions.values())
    if (deadLetters === undefined) requireNone(batch, outcomes)
    else await deadLetters.take(batch, outcomes)
    batch.release()
    return decided.length === 0 ? outcomes : inOrder([...decided, ...outcomes])
  }
}

async function send(client: RedisClient, { ranges }: EncodedBatch, out: CommandGroups) {
  const sent = ranges.map((range) => {
    const bytes = out.bytes.subarray(range.start, range.end)
    // Transactions leave numbers of their own.
    return client.send({ ...range, bytes, isMarked: range.sequence === undefined })
  })
  const marked = ranges.some(({ sequence }) => sequence === undefined) ? client.leaveMarks() : undefined
  const [answers] = await Promise.all([Promise.all(sent), marked])
  for (const [index, range] of ranges.entries()) {
    const { isUnseen, rejections } = answers[index]!
    if (isUnseen === true) await requireKind(client, range, out)
    if (range.isOwn === true && rejections[0] !== undefined) throw ownKeyRefused(range, rejections[0], out)
  }
  return answers
}

function ownKeyRefused(
  { firstCommand }: CommandRange,
  { index, error }: WriteResult['rejections'][number],
  out: CommandGroups,
): ConfigError {
  return new ConfigError(
    `The key ${out.keyOf(firstCommand + index)}, where the connector takes notes, cannot be written. ${error.message}`,
  )
}

function requireNone(batch: Batch, outcomes: readonly RecordOutcome[]): void {
  const rejected = outcomes.find((outcome) => outcome.kind === 'rejected')
  if (rejected === undefined) return
  const { code, sentence, options, params } = rejected.problem
  const [line, stream] = [batch.lineOf(rejected.record), batch.planOf(rejected.record).name]
  throw new ConfigError(
    problem(
      code,
      `Line ${line}, stream ${stream}: ${sentence} ` +
        'To have such records set aside, set on_record_error to dead_letter.',
      { options: [...options, 'on_record_error'], params: { ...params, line, stream } },
    ),
  )
}
