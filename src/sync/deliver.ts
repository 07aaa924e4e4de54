/** Delivers one batch: lays it out, sends it, looks at every answer, and sees to the records that were not written. */
import { ConfigError } from '../errors.ts'
import { Orders } from '../layout/orders.ts'
import type { Link } from '../redis/link.ts'
import type { Batch } from './batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { IdRange } from './ids.ts'
import { layOut, type LaidOut } from './lay-out.ts'
import { outcomesOf, type Outcome } from './outcomes.ts'
import type { StreamPlan } from './plan.ts'
import type { Slabs } from './slabs.ts'
import { requireKind } from './unseen.ts'

/**
 * Sends a batch before it returns; resolves when all of it is in Redis, or rightly is not, with the records that are
 * not; rejects when the run cannot go on.
 */
export type Deliver = (batch: Batch, ids: ReadonlyMap<StreamPlan, IdRange[]>) => Promise<Outcome[]>

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
  return async (batch, ids) => {
    const slab = slabs.take(Math.ceil(batch.size * stretch))
    const out = new Orders(slab)
    const laidOut = layOut(batch, out, ids, link.once)
    stretch = Math.min(Math.max(1, (1.1 * out.length) / batch.size), MOST_STRETCH)
    if (deadLetters === undefined) {
      requireNone(batch, outcomesOf(batch, { ...laidOut, parts: [] }, out, []))
      // Only dead letters need the records once they are laid out.
      batch.release()
    }
    const outcomes = outcomesOf(batch, laidOut, out, await send(link, laidOut, out))
    slabs.give(slab)
    if (deadLetters === undefined) requireNone(batch, outcomes)
    else await deadLetters.take(batch, outcomes)
    batch.release()
    return outcomes
  }
}

async function send(link: Link, { parts }: LaidOut, out: Orders) {
  const answers = await Promise.all(
    parts.map((part) => link.send({ ...part, bytes: out.bytes.subarray(part.start, part.end) })),
  )
  for (const [index, { isUnseen }] of answers.entries())
    if (isUnseen === true) await requireKind(link, parts[index]!, out)
  return answers
}

function requireNone(batch: Batch, outcomes: readonly Outcome[]): void {
  const rejected = outcomes.find((outcome) => outcome.kind === 'rejected')
  if (rejected === undefined) return
  throw new ConfigError(
    `Line ${batch.lineOf(rejected.record)}, stream ${batch.planOf(rejected.record).name}: ${rejected.reason} ` +
      'To have such records set aside, set on_record_error to dead_letter.',
  )
}
