/** Delivers one batch: lays it out, sends it, looks at every answer, and sees to the records that were not written. */
import { ConfigError, problem, sentenceOf } from '../../errors.ts'
import { BYTES_PER_COMMAND } from '../../redis/resp/command-buffer.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Batch } from '../batches/batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { encodeBatch, type EncodedBatch } from './encode-batch.ts'
import type { BatchRequest } from './batch-request.ts'
import { decidedOutcomes, inOrder, outcomesOf, type RecordOutcome } from './outcomes.ts'
import type { Prepared } from './batch-preparation.ts'
import type { BufferPool } from '../batches/buffer-pool.ts'
import { ExpiryUnitLog } from '../batches/expiry-unit-log.ts'
import type { Log } from '../../log.ts'
import { requireKeyTypes } from './key-types.ts'

/**
 * Sends a batch before it returns; resolves when all of it is in Redis, or rightly is not, with the records that are
 * not; rejects when the run cannot go on.
 */
export type Deliver = (batch: Batch, prepared: Prepared) => Promise<RecordOutcome[]>

export interface DeliverOptions {
  client: RedisClient
  /** Memory for commands. */
  buffers: BufferPool
  /** Memory for the offsets of commands. */
  tables: BufferPool
  /** Takes what cannot be written; without it, such a record ends the run. */
  deadLetters: DeadLetters | undefined
  log: Log
}

const MOST_STRETCH = 8

/** A batch has few commands more than records, unless its streams have a key index. */
const MORE_COMMANDS = 100

export function deliverBy({ client, buffers, tables, deadLetters, log }: DeliverOptions): Deliver {
  const unitLog = new ExpiryUnitLog(log)
  /** What the batch laid out last came to, in proportion to what was thought: the next one will be like it. */
  let stretch = 1
  return async (batch, { ids, decide, intervals }) => {
    const decisions = decide()
    const buffer = buffers.take(Math.ceil(batch.size * stretch))
    const offsets = tables.take((batch.records + MORE_COMMANDS) * BYTES_PER_COMMAND)
    const out = new CommandGroups(buffer, client.capabilities, offsets)
    const laidOut = encodeBatch(batch, out, { ids, decisions, client, intervals })
    unitLog.add(batch)
    stretch = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_STRETCH)
    if (deadLetters === undefined) {
      requireNone(batch, outcomesOf(batch, { ...laidOut, requests: [] }, out, []))
      // Only dead letters need the records once they are laid out.
      batch.release()
    }
    const outcomes = outcomesOf(batch, laidOut, out, await send(client, laidOut))
    buffers.give(buffer)
    tables.give(offsets)
    for (const decision of decisions.values()) decision.confirm()
    const decided = decidedOutcomes(decisions.values())
    if (deadLetters === undefined) requireNone(batch, outcomes)
    else await deadLetters.take(batch, outcomes)
    batch.release()
    return decided.length === 0 ? outcomes : inOrder([...decided, ...outcomes])
  }
}

async function send(client: RedisClient, { requests }: EncodedBatch): Promise<WriteResult[]> {
  const sent = requests.map(({ request }) => client.send(request))
  const marker = requests.some(({ request }) => request.confirmedBy === 'marker')
    ? client.marker()
    : undefined
  const [results] = await Promise.all([Promise.all(sent), marker])
  for (const [index, part] of requests.entries()) {
    const { isUnseen, rejections } = results[index]!
    if (isUnseen === true) await requireKeyTypes(client, part)
    if (part.isOwn === true && rejections[0] !== undefined) throw ownKeyRefused(part, rejections[0])
  }
  return results
}

function ownKeyRefused(
  { request }: BatchRequest,
  { index, error }: WriteResult['rejections'][number],
): ConfigError {
  const key = request.commands.keyOf(index) ?? ''
  const sentence = `The key ${key}, in which the connector keeps the index of a stream's keys, cannot be written. ${sentenceOf(error)}`
  return new ConfigError(problem('index-key-refused', sentence, { params: { key } }))
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
