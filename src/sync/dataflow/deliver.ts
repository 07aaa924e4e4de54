/** Delivers one batch: lays it out, sends it, looks at every answer, and sees to the records that were not written. */
import { ConfigError } from '../../errors.ts'
import { Orders } from '../../layout/encoding/command-groups.ts'
import type { Answers } from '../../redis/session/write-pipeline.ts'
import type { Link } from '../../redis/client/client.ts'
import { keyOfCommand } from '../../redis/resp/command-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { layOut, type LaidOut } from './encode-batch.ts'
import type { Part } from './part.ts'
import { decidedOutcomes, inOrder, outcomesOf, type Outcome } from './outcomes.ts'
import type { Prepared } from './prepare.ts'
import type { Slabs } from '../batches/buffer-pool.ts'
import { requireKind } from './unseen.ts'

/**
 * Sends a batch before it returns; resolves when all of it is in Redis, or rightly is not, with the records that are
 * not; rejects when the run cannot go on.
 */
export type Deliver = (batch: Batch, prepared: Prepared) => Promise<Outcome[]>

export interface DeliverParts {
  link: Link
  slabs: Slabs
  /** Takes what cannot be written; without it, such a record ends the run. */
  deadLetters: DeadLetters | undefined
}

const MOST_STRETCH = 8

export function deliverBy({ link, slabs, deadLetters }: DeliverParts): Deliver {
  /** What the batch laid out last came to, in proportion to what was thought: the next one will be like it. */
  let stretch = 1
  return async (batch, { ids, decide }) => {
    const decisions = decide()
    const slab = slabs.take(Math.ceil(batch.size * stretch))
    const out = new Orders(slab)
    const laidOut = layOut(batch, out, { ids, decisions, link })
    stretch = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_STRETCH)
    if (deadLetters === undefined) {
      requireNone(batch, outcomesOf(batch, { ...laidOut, parts: [] }, out, []))
      // Only dead letters need the records once they are laid out.
      batch.release()
    }
    const outcomes = outcomesOf(batch, laidOut, out, await send(link, laidOut, out))
    slabs.give(slab)
    for (const decision of decisions.values()) decision.arrived()
    const decided = decidedOutcomes(decisions.values())
    if (deadLetters === undefined) requireNone(batch, outcomes)
    else await deadLetters.take(batch, outcomes)
    batch.release()
    return decided.length === 0 ? outcomes : inOrder([...decided, ...outcomes])
  }
}

async function send(link: Link, { parts }: LaidOut, out: Orders) {
  const sent = parts.map((part) => {
    const bytes = out.bytes.subarray(part.start, part.end)
    // Transactions leave numbers of their own.
    return link.send({ ...part, bytes, isMarked: part.sequence === undefined })
  })
  const marked = parts.some(({ sequence }) => sequence === undefined) ? link.leaveMarks() : undefined
  const [answers] = await Promise.all([Promise.all(sent), marked])
  for (const [index, part] of parts.entries()) {
    const { isUnseen, rejections } = answers[index]!
    if (isUnseen === true) await requireKind(link, part, out)
    if (part.isOwn === true && rejections[0] !== undefined) throw ownKeyRefused(part, rejections[0], out)
  }
  return answers
}

function ownKeyRefused(
  { start, end }: Part,
  { index, error }: Answers['rejections'][number],
  out: Orders,
): ConfigError {
  const key = keyOfCommand(out.bytes.subarray(start, end), index)
  return new ConfigError(
    `The key ${key}, where the connector takes notes, cannot be written. ${error.message}`,
  )
}

function requireNone(batch: Batch, outcomes: readonly Outcome[]): void {
  const rejected = outcomes.find((outcome) => outcome.kind === 'rejected')
  if (rejected === undefined) return
  throw new ConfigError(
    `Line ${batch.lineOf(rejected.record)}, stream ${batch.planOf(rejected.record).name}: ${rejected.reason} ` +
      'To have such records set aside, set on_record_error to dead_letter.',
  )
}
