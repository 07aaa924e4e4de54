/** Delivers one batch: encodes it, sends it, reads every reply, and refuses or sets aside records that were not written. */
import { ConfigError, problem, sentenceOf } from '../../errors.ts'
import { BYTES_PER_COMMAND } from '../../redis/resp/command-buffer.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { Batch } from '../batches/batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { encodeBatch, type EncodedBatch } from './encode-batch.ts'
import type { BatchRequest } from './batch-request.ts'
import { decidedOutcomes, inOrder, outcomesOf, type RecordOutcome } from './outcomes.ts'
import type { Prepared } from './batch-preparation.ts'
import type { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { CompiledPrograms } from '../batches/compiled-program.ts'
import { ExpiryUnitLog } from '../batches/expiry-unit-log.ts'
import type { Log } from '../../log.ts'
import { requireKeyTypes } from './key-types.ts'

/**
 * Sends a batch before it returns. Resolves when Redis has confirmed it, with the outcomes of the records that were not
 * simply written; rejects if the run cannot continue.
 */
export type Deliver = (batch: Batch, prepared: Prepared) => Promise<RecordOutcome[]>

export interface DeliverOptions {
  client: CommandClient
  /** Memory for commands. */
  buffers: BufferPool
  /** Memory for the offsets of commands. */
  tables: BufferPool
  /** Takes records that cannot be written; without it, such a record ends the run. */
  deadLetters: DeadLetters | undefined
  log: Log
}

/** Dead letters are sent in the order of their records, whatever their batches wait for. */
interface Turn {
  /** Resolves when all batches before have sent theirs. */
  readonly earlier: Promise<unknown>
  readonly pass: () => void
}

/** No buffer is larger than this many times the expected size of its batch. */
const MOST_GROWTH = 8

/** A batch has few commands more than records, unless its streams have a key index. */
const MORE_COMMANDS = 100

export function deliverBy({ client, buffers, tables, deadLetters, log }: DeliverOptions): Deliver {
  const unitLog = new ExpiryUnitLog(log)
  const programs = new CompiledPrograms()
  /** The size of the last batch's commands, divided by its expected size: the next batch is like the last one. */
  let growth = 1
  const deliver = async (
    batch: Batch,
    { ids, decide, intervals }: Prepared,
    turn: Turn,
  ): Promise<RecordOutcome[]> => {
    const decisions = decide()
    const buffer = buffers.take(Math.ceil(batch.size * growth))
    const offsets = tables.take((batch.records + MORE_COMMANDS) * BYTES_PER_COMMAND)
    const out = new CommandGroups(buffer, client.capabilities, offsets, !client.isCluster)
    const encoded = encodeBatch(batch, out, { ids, decisions, client, intervals, programs })
    unitLog.add(batch)
    growth = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_GROWTH)
    if (deadLetters === undefined) {
      requireNone(batch, outcomesOf(batch, { ...encoded, requests: [] }, out, []))
      // Only dead letters need the records once they are encoded.
      batch.release()
    }
    const outcomes = outcomesOf(batch, encoded, out, await send(client, encoded))
    buffers.give(buffer)
    tables.give(offsets)
    for (const decision of decisions.values()) decision.confirm()
    const decided = decidedOutcomes(decisions.values())
    if (deadLetters === undefined) requireNone(batch, outcomes)
    else if (outcomes.some(({ kind }) => kind === 'rejected')) {
      await turn.earlier
      const taken = deadLetters.take(batch, outcomes)
      turn.pass()
      await taken
    }
    batch.release()
    return decided.length === 0 ? outcomes : inOrder([...decided, ...outcomes])
  }
  let earlier: Promise<unknown> = Promise.resolve()
  return (batch, prepared) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const outcomes = deliver(batch, prepared, { earlier, pass: resolve }).finally(resolve)
    earlier = Promise.all([earlier, promise])
    return outcomes
  }
}

async function send(client: CommandClient, { requests }: EncodedBatch): Promise<WriteResult[]> {
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
