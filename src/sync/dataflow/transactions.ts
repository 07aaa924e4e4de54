/** Encodes the records of one stream as transactions of limited size; on a cluster, each writes one key. */
import type { RecordView } from '../../layout/encoding/layout.ts'
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { Batch } from '../batches/batch.ts'
import type { BatchRequest } from './batch-request.ts'
import type { StreamSession } from '../streams/stream-session.ts'

/**
 * While a transaction runs, the server does nothing else. It also keeps the commands until EXEC: it takes up to a fifth
 * more time for transactions that do not fit into the cache of its processor.
 */
const MOST_IN_TRANSACTION = { commands: 1_000, bytes: 1 << 18 }

/** The parts of a batch that encoding reads. */
export type EncodableBatch = Pick<Batch, 'countByStream' | 'encodeEach'>

/** Returns the slot of a key, if there are slots. */
export type Slots = Pick<CommandClient, 'isCluster' | 'slotOf'>

/** Encodes a record, and returns the group that it belongs to. */
export type Write = (stream: StreamSession, view: RecordView, record: number) => number

export function transactionsOf(
  stream: StreamSession,
  batch: EncodableBatch,
  out: CommandGroups,
  slots: Slots,
  write: Write,
): BatchRequest[] {
  const { only } = stream.plan.locator
  if (slots.isCluster && only === undefined) return byKey(stream, batch, out, write)
  const slot = only === undefined ? undefined : slots.slotOf(Buffer.from(only))
  return inOrder(stream, batch, out, slot, write)
}

function inOrder(
  stream: StreamSession,
  batch: EncodableBatch,
  out: CommandGroups,
  slot: number | undefined,
  write: Write,
): BatchRequest[] {
  const requests: BatchRequest[] = []
  let open: { bytes: number; command: number } | undefined
  const close = (): void => {
    if (open === undefined) return
    stream.layout.flush(out)
    if (out.commands > open.command)
      requests.push(transactionOf(stream, EncodedCommands.from(out, open.command), slot))
    open = undefined
  }
  batch.encodeEach(
    (other) => other === stream,
    (_, view, record) => {
      open ??= { bytes: out.length, command: out.commands }
      const group = write(stream, view, record)
      if (isLarge(out.commands - open.command, out.length - open.bytes)) close()
      return group
    },
  )
  close()
  return requests
}

/**
 * Of keys in one slot that is being moved, some may be on its new node already. A transaction of several keys would
 * not run then, and one of a later batch could overtake it; so each transaction writes one key.
 */
function byKey(
  stream: StreamSession,
  batch: EncodableBatch,
  out: CommandGroups,
  write: Write,
): BatchRequest[] {
  const first = out.commands
  batch.encodeEach((other) => other === stream, write)
  stream.layout.flush(out)
  const requests: BatchRequest[] = []
  for (const numbers of numbersByKey(out, first))
    for (const chunk of chunksOf(numbers, (number) => out.endOf(number) - out.startOf(number)))
      requests.push(transactionOf(stream, EncodedCommands.of(out, chunk), out.slotOf(chunk[0]!)))
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

/** Returns the commands of each key, in order. */
function numbersByKey(out: CommandGroups, first: number): Iterable<number[]> {
  const groups = new Map<string, number[]>()
  for (let number = first; number < out.commands; number++) {
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
