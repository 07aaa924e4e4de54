/** Encodes the records of one stream as transactions of limited size; on a cluster, each writes one key. */
import type { RecordView } from '../../layout/encoding/layout.ts'
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { Batch } from '../batches/batch.ts'
import type { BatchRequest } from './batch-request.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import type { RunEncoder } from '../batches/encode-run.ts'
import { AttemptCommands } from '../attempts/attempt-commands.ts'
import type { Interval } from '../attempts/state-intervals.ts'

/**
 * While a transaction runs, the server does nothing else. It also keeps the commands until EXEC: it takes up to a fifth
 * more time for transactions that do not fit into the cache of its processor.
 */
const MOST_IN_TRANSACTION = { commands: 1_000, bytes: 1 << 18 }

/** The parts of a batch that encoding reads. */
export type EncodableBatch = Pick<Batch, 'countByStream' | 'encodeEach' | 'readColumns' | 'capturedColumns'>

/** Returns the slot of a key, if there are slots, and says who owns them. */
export type Slots = Pick<CommandClient, 'isCluster' | 'slotOf' | 'slotOwners'>

/** Encodes a record, and returns the group that it belongs to. */
export type Write = (stream: StreamSession, view: RecordView, record: number, entry: number) => number

/** Encodes a record, or several of a stream at once. */
export interface Encoding {
  readonly write: Write
  readonly runs: RunEncoder | undefined
}

/** What the transactions of one stream in one batch are made of. */
interface Source {
  readonly stream: StreamSession
  readonly batch: EncodableBatch
  readonly out: CommandGroups
  readonly write: Write
  readonly runs: RunEncoder | undefined
  /** Records what the transactions add to their keys; undefined where nothing is recorded. */
  readonly attempt: AttemptCommands | undefined
}

/** `interval`: where the states are between the records of the stream; undefined where nothing is recorded. */
export function transactionsOf(
  stream: StreamSession,
  batch: EncodableBatch,
  out: CommandGroups,
  slots: Slots,
  { write, runs }: Encoding,
  interval?: Interval,
): BatchRequest[] {
  const attempt =
    interval !== undefined && stream.attempt?.kind === 'lengths'
      ? new AttemptCommands(stream.plan, stream.attempt, out, interval)
      : undefined
  const counted: Write = (session, view, record, entry) => {
    const group = write(session, view, record, entry)
    attempt?.count(group)
    return group
  }
  const source: Source = { stream, batch, out, write: attempt === undefined ? write : counted, runs, attempt }
  const { only } = stream.plan.locator
  if (slots.isCluster && only === undefined) return byKey(source)
  return inOrder(source, only === undefined ? undefined : slots.slotOf(Buffer.from(only)))
}

function inOrder(
  { stream, batch, out, write, runs, attempt }: Source,
  slot: number | undefined,
): BatchRequest[] {
  const requests: BatchRequest[] = []
  let open: { bytes: number; command: number } | undefined
  const close = (): void => {
    if (open === undefined) return
    stream.layout.flush(out)
    if (out.commands > open.command) {
      const commands =
        attempt === undefined
          ? EncodedCommands.from(out, open.command)
          : attempt.record(numbersFrom(open.command, out.commands), slot)
      requests.push(transactionOf(stream, commands, slot))
    }
    open = undefined
  }
  const begin = (record: number): { bytes: number; command: number } => {
    // A transaction is in one interval.
    if (attempt?.isBehindState(record) === true) {
      close()
      attempt.moveOn()
    }
    return (open ??= { bytes: out.length, command: out.commands })
  }
  const closeIfLarge = ({ bytes, command }: { bytes: number; command: number }): void => {
    if (isLarge(out.commands - command, out.length - bytes)) close()
  }
  batch.encodeEach(
    (other) => other === stream,
    (_, view, record, entry) => {
      const opened = begin(record)
      const group = write(stream, view, record, entry)
      closeIfLarge(opened)
      return group
    },
    (_, rows) => {
      const opened = begin(rows.first)
      const run = runs?.encode(stream, rows, attempt?.recordsUntilState(rows.first))
      if (run === undefined) return 0
      attempt?.countRun(run)
      closeIfLarge(opened)
      return run.rows
    },
  )
  close()
  return requests
}

/**
 * Of keys in one slot that is being moved, some may be on its new node already. A transaction of several keys would
 * not run then, and one of a later batch could overtake it; so each transaction writes one key.
 */
function byKey({ stream, batch, out, write, attempt }: Source): BatchRequest[] {
  const requests: BatchRequest[] = []
  let first = out.commands
  const close = (): void => {
    stream.layout.flush(out)
    for (const numbers of numbersByKey(out, first, out.commands))
      for (const chunk of chunksOf(numbers, (number) => out.endOf(number) - out.startOf(number))) {
        const slot = out.slotOf(chunk[0]!)
        const commands = attempt === undefined ? EncodedCommands.of(out, chunk) : attempt.record(chunk, slot)
        requests.push(transactionOf(stream, commands, slot))
      }
    first = out.commands
  }
  batch.encodeEach(
    (other) => other === stream,
    (session, view, record, entry) => {
      if (attempt?.isBehindState(record) === true) {
        close()
        attempt.moveOn()
      }
      return write(session, view, record, entry)
    },
  )
  close()
  return requests
}

function transactionOf(
  { plan, layout }: StreamSession,
  commands: EncodedCommands,
  slot: number | undefined,
): BatchRequest {
  const { isConditional, deliveryMode } = layout
  const isRepeatable = deliveryMode !== 'exactly_once'
  return {
    plan,
    request: {
      kind: 'transaction',
      commands,
      slot,
      isCounted: isConditional,
      isRepeatable,
      // One that runs once only is confirmed by its own number.
      confirmedBy: isRepeatable ? 'marker' : 'reply',
    },
  }
}

function numbersFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, at) => first + at)
}

/** Returns the commands of each key, in order. */
function numbersByKey(out: CommandGroups, first: number, end: number): Iterable<number[]> {
  const groups = new Map<string, number[]>()
  for (let number = first; number < end; number++) {
    const key = out.keyOf(number)!
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [number])
    else group.push(number)
  }
  return groups.values()
}

function chunksOf(numbers: readonly number[], sizeOf: (number: number) => number): number[][] {
  const chunks: number[][] = []
  let [chunk, size]: [number[], number] = [[], 0]
  for (const number of numbers) {
    chunk.push(number)
    size += sizeOf(number)
    if (!isLarge(chunk.length, size)) continue
    chunks.push(chunk)
    ;[chunk, size] = [[], 0]
  }
  return chunk.length === 0 ? chunks : [...chunks, chunk]
}

function isLarge(commands: number, bytes: number): boolean {
  return commands >= MOST_IN_TRANSACTION.commands || bytes >= MOST_IN_TRANSACTION.bytes
}
