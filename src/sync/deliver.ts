/** Delivers one batch: lays it out, sends it, looks at every answer, and sees to the records that were not written. */
import { ConfigError } from '../errors.ts'
import { Orders } from '../layout/orders.ts'
import type { Answers } from '../redis/lane.ts'
import type { Link } from '../redis/link.ts'
import { CommandBuffer, keyOfCommand } from '../redis/resp.ts'
import type { Batch } from './batch.ts'
import type { DeadLetters } from './dead-letters.ts'
import { layOut, type LaidOut, type Part } from './lay-out.ts'
import { decidedOutcomes, inOrder, outcomesOf, type Outcome } from './outcomes.ts'
import type { Prepared } from './prepare.ts'
import type { Slabs } from './slabs.ts'
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
    const laidOut = layOut(batch, out, { ids, decisions, once: link.once })
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
  const sent = parts.map((part) => link.send({ ...part, bytes: out.bytes.subarray(part.start, part.end) }))
  if (parts.some(({ sequence }) => sequence === undefined)) sent.push(leaveMark(link))
  const answers = await Promise.all(sent)
  for (const [index, part] of parts.entries()) {
    const { isUnseen, rejections } = answers[index]!
    if (isUnseen === true) await requireKind(link, part, out)
    if (part.isOwn === true && rejections[0] !== undefined) throw ownKeyRefused(part, rejections[0], out)
  }
  return answers
}

/** Behind what is to be told by it. */
function leaveMark(link: Link): Promise<Answers> {
  const mark = link.marks.next()
  const command = new CommandBuffer(Buffer.allocUnsafeSlow(256))
  command.command(...link.marks.note(mark))
  return link.send({ bytes: command.bytes.subarray(0, command.length), commands: 1, mark })
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
