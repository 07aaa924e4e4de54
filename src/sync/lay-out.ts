/** Lays a batch out as shipments: what may go out command by command in one, and transactions of a bearable size. */
import { NO_GROUP, type Orders } from '../layout/orders.ts'
import type { Refusal, RecordView } from '../layout/layout.ts'
import type { Shipment } from '../redis/lane.ts'
import type { OnceOnly } from '../redis/once.ts'
import type { Batch } from './batch.ts'
import { IdCursor, type IdRange } from './ids.ts'
import type { StreamPlan } from './plan.ts'
import type { Decisions } from './rows.ts'
import type { Word } from './word.ts'

/** While a transaction runs, the server serves nobody else. */
const MOST_IN_TRANSACTION = { commands: 1_000, bytes: 1 << 18 }

/** Redis takes no argument that is longer. */
const LONGEST_DATA = 512 << 20

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

/** A shipment whose bytes are still being moved about. */
export interface Part extends Omit<Shipment, 'bytes'> {
  start: number
  end: number
  /** The number of its first command among all that were laid out. */
  firstCommand: number
  /** Of a transaction: the stream whose records are in it. */
  plan?: StreamPlan
  /** Whether it writes the connector's own keys, none of which may be refused. */
  isOwn?: boolean
}

export interface LaidOut {
  parts: Part[]
  refusals: { record: number; reason: Refusal }[]
}

export interface LayingOut {
  ids: ReadonlyMap<StreamPlan, IdRange[]>
  /** Of streams whose places are remembered. */
  decisions: ReadonlyMap<StreamPlan, Decisions>
  once: OnceOnly
}

export function layOut(batch: Batch, out: Orders, { ids, decisions, once }: LayingOut): LaidOut {
  const parts: Part[] = []
  const refusals: LaidOut['refusals'] = []
  const cursors = new Map([...ids].map(([plan, ranges]) => [plan, new IdCursor(ranges)]))
  const plans = [...batch.countByStream().keys()]

  const write = (plan: StreamPlan, view: RecordView, record: number): number => {
    const change = decisions.get(plan)?.actions.get(record)
    if (change?.action === 'none') return NO_GROUP
    if (change?.action === 'remove') return remove(plan, change.place, out)
    view.startsAnew = change?.action === 'write anew'
    view.spread = Math.random()
    if (plan.layout.usesIds) view.id = cursors.get(plan)!.take()
    const written =
      view.dataEnd - view.dataStart > LONGEST_DATA
        ? 'it is larger than 512 MB, the most that Redis takes'
        : plan.layout.write(out, view)
    if (typeof written === 'number') return written
    refusals.push({ record, reason: written })
    decisions.get(plan)?.passOn(record)
    return NO_GROUP
  }

  const start = { bytes: out.length, command: out.commands }
  batch.layEach(({ layout }) => layout.delivery === 'each', write)
  const simple = plans.filter(({ layout }) => layout.delivery === 'each')
  for (const { layout } of simple) layout.flush(out)
  const isCounted = simple.some(({ layout }) => layout.isConditional)
  parts.push({ ...partFrom(start.bytes, start.command, out), isCounted })

  for (const plan of plans) {
    const { layout } = plan
    if (layout.delivery === 'each') continue
    let open: { bytes: number; command: number } | undefined
    const close = (): void => {
      if (open === undefined) return
      layout.flush(out)
      const sequence = layout.delivery === 'once' ? once.next() : undefined
      if (sequence !== undefined) out.command(...once.note(sequence))
      out.add(EXEC)
      const part = partFrom(open.bytes, open.command, out)
      parts.push({ ...part, isTransaction: true, sequence, isCounted: layout.isConditional, plan })
      open = undefined
    }
    batch.layEach(
      (other) => other === plan,
      (_, view, record) => {
        if (open === undefined) {
          open = { bytes: out.length, command: out.commands }
          out.add(MULTI)
        }
        const group = write(plan, view, record)
        if (isLarge(out, open)) close()
        return group
      },
    )
    close()
  }
  const refused = new Set(refusals.map(({ record }) => record))
  const isNoted = ({ record }: Word): boolean => !refused.has(record)
  // A place is noted before it is written to: what was written and not noted could never be removed. And a deletion is
  // noted behind the removal: what was noted and not removed would be taken for gone.
  parts.unshift(noteChanges(out, decisions, (word) => isNoted(word) && !word.isDeleted))
  parts.push(noteChanges(out, decisions, (word) => isNoted(word) && word.isDeleted))
  return { parts: parts.filter(({ commands }) => commands > 0), refusals }
}

function remove({ places, deletions }: StreamPlan, place: string, out: Orders): number {
  const group = out.newGroup()
  places.form.remove(out, place, deletions?.afterMs)
  out.writes(group)
  return group
}

function noteChanges(out: Orders, decisions: LayingOut['decisions'], isNoted: (word: Word) => boolean): Part {
  const [start, firstCommand] = [out.length, out.commands]
  for (const { index, changes, forget } of decisions.values()) {
    const noted = changes.filter(isNoted)
    index.note(out, noted)
    const places = new Set(forget.length === 0 ? [] : noted.map(({ place }) => place))
    index.forget(
      out,
      forget.filter(({ place }) => places.has(place)),
    )
  }
  return { ...partFrom(start, firstCommand, out), isOwn: true }
}

function partFrom(start: number, firstCommand: number, out: Orders): Part {
  return { start, end: out.length, firstCommand, commands: out.commands - firstCommand }
}

function isLarge(out: Orders, { bytes, command }: { bytes: number; command: number }): boolean {
  return (
    out.commands - command >= MOST_IN_TRANSACTION.commands || out.length - bytes >= MOST_IN_TRANSACTION.bytes
  )
}
