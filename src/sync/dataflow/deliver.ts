/** Delivers one batch: encodes it, sends it, reads every reply, and refuses or sets aside records that were not written. */
import { ConfigError, problem, sentenceOf } from '../../errors.ts'
import { BYTES_PER_COMMAND, CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { sendAll } from '../../redis/client/send-all.ts'
import type { RowDecisions } from '../dedup/row-decisions.ts'
import type { Batch } from '../batches/batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { encodeBatch, type EncodedBatch } from './encode-batch.ts'
import type { BatchRequest } from './batch-request.ts'
import { decidedOutcomes, inOrder, outcomesOf, refusedWithNewer, type RecordOutcome } from './outcomes.ts'
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
export type Deliver = (batch: Batch, prepared: Prepared) => Outcomes

type Outcomes = Promise<readonly RecordOutcome[]>

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

/** Batches take back what Redis has refused, and send their dead letters, one behind the other. */
interface Turn {
  /** Resolves when all batches before have done so. */
  readonly earlier: Promise<unknown>
  readonly pass: () => void
  /** Resolves when all batches that were sent so far have passed their turns. */
  readonly allPassed: () => Promise<unknown>
}

/** A batch that was sent, and what becomes of its records. */
interface Attempt {
  readonly decisions: readonly RowDecisions[]
  readonly sent: Promise<RecordOutcome[]>
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
  /** The record that ends the run: nothing more is sent. */
  let failure: ConfigError | undefined
  /** Sends a batch, or those of its records that are tried again, before it returns. */
  const attempt = (batch: Batch, { ids, decide, intervals }: Prepared): Attempt => {
    const decisions = decide()
    const buffer = buffers.take(Math.ceil(batch.size * growth))
    const offsets = tables.take((batch.records + MORE_COMMANDS) * BYTES_PER_COMMAND)
    const out = new CommandGroups(buffer, client.capabilities, offsets, !client.isCluster)
    const encoded = encodeBatch(batch, out, { ids, decisions, client, intervals, programs })
    unitLog.add(batch)
    growth = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_GROWTH)
    if (deadLetters === undefined) {
      failure = failureIn(batch, outcomesOf(batch, { ...encoded, requests: [] }, out, []))
      if (failure !== undefined) throw failure
      // Only dead letters need the records once they are encoded.
      batch.release()
    }
    const sent = send(client, encoded).then((results) => {
      const outcomes = outcomesOf(batch, encoded, out, results)
      buffers.give(buffer)
      tables.give(offsets)
      return outcomes
    })
    return { decisions: [...decisions.values()], sent }
  }
  /** `tried`: the records of the batch that are tried again, if not all of it is sent. */
  const deliver = async (
    batch: Batch,
    prepared: Prepared,
    turn: Turn,
    tried?: ReadonlySet<number>,
  ): Outcomes => {
    if (failure !== undefined) {
      await turn.earlier
      throw failure
    }
    const { decisions, sent } = attempt(batch, prepared)
    const outcomes = tried === undefined ? await sent : among(tried, await sent)
    const own = deadLetters === undefined ? failureIn(batch, outcomes) : undefined
    failure ??= own
    if (decisions.length > 0) {
      await turn.earlier
      await takeBack(client, decisions, outcomes)
    }
    if (own !== undefined) {
      turn.pass()
      // The batches that are under way may have to take something back as well.
      await turn.allPassed()
      throw own
    }
    for (const decision of decisions) decision.confirm()
    const decided = decidedOutcomes(decisions)
    const all = decided.length === 0 ? outcomes : inOrder([...decided, ...outcomes])
    if (deadLetters === undefined) return all
    const left = new Set(decisions.flatMap((decision) => decision.leftOutForRefused()))
    const triesAgain = left.size > 0 && tried === undefined
    const final = triesAgain ? all.filter(({ record }) => !left.has(record)) : refusedWithNewer(all, left)
    if (final.some(({ kind }) => kind === 'rejected')) {
      await turn.earlier
      const taken = deadLetters.take(batch, final)
      turn.pass()
      await taken
    }
    turn.pass()
    const others = triesAgain ? await queue(batch, await prepared.again(left), left) : []
    batch.release()
    return others.length === 0 ? final : inOrder([...final, ...others])
  }
  let earlier: Promise<unknown> = Promise.resolve()
  const queue = (batch: Batch, prepared: Prepared, tried?: ReadonlySet<number>): Outcomes => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const turn = { earlier, pass: resolve, allPassed: () => earlier }
    const outcomes = deliver(batch, prepared, turn, tried).finally(resolve)
    earlier = Promise.all([earlier, promise])
    return outcomes
  }
  return (batch, prepared) => queue(batch, prepared)
}

function among(records: ReadonlySet<number>, outcomes: readonly RecordOutcome[]): RecordOutcome[] {
  return outcomes.filter(({ record }) => records.has(record))
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

/** Gives rows whose records were refused the index entries that they had. */
async function takeBack(
  client: CommandClient,
  decisions: Iterable<RowDecisions>,
  outcomes: readonly RecordOutcome[],
): Promise<void> {
  const rejected = outcomes.filter(({ kind }) => kind === 'rejected')
  if (rejected.length === 0) return
  const refused = new Set(rejected.map(({ record }) => record))
  const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 12))
  for (const decision of decisions) decision.takeBack(refused, out)
  if (out.commands > 0) await sendAll(client, out)
}

function ownKeyRefused(
  { request }: BatchRequest,
  { index, error }: WriteResult['rejections'][number],
): ConfigError {
  const key = request.commands.keyOf(index) ?? ''
  const sentence = `The key ${key}, in which the connector keeps the index of a stream's keys, cannot be written. ${sentenceOf(error)}`
  return new ConfigError(problem('index-key-refused', sentence, { params: { key } }))
}

/** Returns the error that ends the run because of a record. */
function failureIn(batch: Batch, outcomes: readonly RecordOutcome[]): ConfigError | undefined {
  const rejected = outcomes.find((outcome) => outcome.kind === 'rejected')
  if (rejected === undefined) return undefined
  const { code, sentence, options, params } = rejected.problem
  const [line, stream] = [batch.lineOf(rejected.record), batch.planOf(rejected.record).name]
  return new ConfigError(
    problem(
      code,
      `Line ${line}, stream ${stream}: ${sentence} ` +
        'To have such records set aside, set on_record_error to dead_letter.',
      { options: [...options, 'on_record_error'], params: { ...params, line, stream } },
    ),
  )
}
