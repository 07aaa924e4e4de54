/** Lays the records of one stream out as transactions of a bearable size; on a cluster, each is about one key. */
import type { RecordView } from '../../layout/encoding/layout.ts'
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Batch } from '../batches/batch.ts'
import { commandRangeFrom, type CommandRange } from './part.ts'
import type { StreamSession } from '../streams/stream-session.ts'

/** While a transaction runs, the server serves nobody else. */
const MOST_IN_TRANSACTION = { commands: 1_000, bytes: 1 << 18 }

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')

/** Numbers the transactions that must not be run twice. */
export type Numbers = Pick<RedisClient, 'once' | 'isCluster' | 'slotOf'>

/** Lays a record out as commands, and gives the group it belongs to. */
export type Write = (stream: StreamSession, view: RecordView, record: number) => number

export function transactionsOf(
  stream: StreamSession,
  batch: Batch,
  out: CommandGroups,
  client: Numbers,
  write: Write,
): CommandRange[] {
  const { only } = stream.plan.locator
  if (client.isCluster && only === undefined) return byKey(stream, batch, out, client, write)
  return inOrder(
    stream,
    batch,
    out,
    client,
    write,
    only === undefined ? undefined : client.slotOf(Buffer.from(only)),
  )
}

function inOrder(
  stream: StreamSession,
  batch: Batch,
  out: CommandGroups,
  client: Numbers,
  write: Write,
  slot: number | undefined,
): CommandRange[] {
  const ranges: CommandRange[] = []
  let open: { bytes: number; command: number } | undefined
  const close = (): void => {
    if (open === undefined) return
    stream.layout.flush(out)
    const sequence = end(stream, out, client, slot)
    ranges.push({ ...commandRangeFrom(open.bytes, open.command, out), ...kindOf(stream), sequence, slot })
    open = undefined
  }
  batch.encodeEach(
    (other) => other === stream,
    (_, view, record) => {
      if (open === undefined) {
        open = { bytes: out.length, command: out.commands }
        out.add(MULTI)
      }
      const group = write(stream, view, record)
      if (isLarge(out.commands - open.command, out.length - open.bytes)) close()
      return group
    },
  )
  close()
  return ranges
}

/**
 * The commands are laid out in the order of the records, and then copied together by key: where one key of a
 * transaction was on its way to another node, and another one was not, that one would be overtaken.
 */
function byKey(
  stream: StreamSession,
  batch: Batch,
  out: CommandGroups,
  client: Numbers,
  write: Write,
): CommandRange[] {
  const firstCommand = out.commands
  batch.encodeEach((other) => other === stream, write)
  stream.layout.flush(out)
  const commandCount = out.commands - firstCommand
  const keys = Array.from({ length: commandCount }, (_, command) => out.keyOf(firstCommand + command)!)
  const starts = keys.map((_, command) => out.startOf(firstCommand + command))
  const ends = [...starts.slice(1), out.length]
  const ranges: CommandRange[] = []
  for (const commands of grouped(keys))
    for (const numbers of chunksOf(commands, (command) => ends[command]! - starts[command]!)) {
      const slot = out.slotOf(firstCommand + numbers[0]!)
      const from = out.length
      out.add(MULTI)
      for (const command of numbers) out.add(out.bytes, starts[command], ends[command])
      const sequence = end(stream, out, client, slot)
      const count = numbers.length + (sequence === undefined ? 0 : 1)
      const range = { start: from, end: out.length, firstCommand, commands: count, numbers }
      ranges.push({ ...range, ...kindOf(stream), sequence, slot })
    }
  return ranges
}

function end({ layout }: StreamSession, out: CommandGroups, { once }: Numbers, slot: number | undefined) {
  const numbers = layout.deliveryMode === 'exactly_once' ? once.of(slot) : undefined
  const sequence = numbers?.next()
  if (sequence !== undefined) out.command(...numbers!.note(sequence))
  out.add(EXEC)
  return sequence
}

function kindOf({ layout, plan }: StreamSession) {
  return { isTransaction: true, isCounted: layout.isConditional, plan }
}

/** The commands of each key, in order. */
function grouped(keys: readonly string[]): Iterable<number[]> {
  const groups = new Map<string, number[]>()
  for (const [command, key] of keys.entries()) {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [command])
    else group.push(command)
  }
  return groups.values()
}

function chunksOf(commands: readonly number[], sizeOf: (command: number) => number): number[][] {
  const chunks: number[][] = []
  let [chunk, size]: [number[], number] = [[], 0]
  for (const command of commands) {
    chunk.push(command)
    size += sizeOf(command)
    if (!isLarge(chunk.length, size)) continue
    chunks.push(chunk)
    ;[chunk, size] = [[], 0]
  }
  return chunk.length === 0 ? chunks : [...chunks, chunk]
}

function isLarge(commands: number, bytes: number): boolean {
  return commands >= MOST_IN_TRANSACTION.commands || bytes >= MOST_IN_TRANSACTION.bytes
}
