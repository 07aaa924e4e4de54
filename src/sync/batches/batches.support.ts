/** For tests: batches of records that a scanner has read, and the commands they become. */
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { StateMessage } from '../../protocol/airbyte/state-message.ts'
import { Batch } from './batch.ts'
import { encodeBatch, type EncodeOptions } from '../dataflow/encode-batch.ts'
import type { EncodableBatch } from '../dataflow/transactions.ts'
import type { BatchRequest } from '../dataflow/batch-request.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'

const LIMITS = { records: 1000, bytes: 65_536 }

type DataOfStream = readonly [session: StreamSession, data: string]

/** A batch of records, of which each is described by its stream and its data. */
export function batchOf(
  sessions: readonly StreamSession[],
  records: readonly DataOfStream[],
  reader = new MessageReader(),
  tables = new BufferPool(0),
): Batch {
  const batch = emptyBatch(sessions, LIMITS, tables)
  for (const [session, data] of records) addRecord(batch, session, data, reader)
  return batch
}

export function emptyBatch(
  sessions: readonly StreamSession[],
  limits = LIMITS,
  tables = new BufferPool(0),
): Batch {
  return new Batch(limits, sessions, tables)
}

/** Records of one stream. */
export function recordsOf(session: StreamSession, data: readonly string[]): DataOfStream[] {
  return data.map((text) => [session, text])
}

export function addRecord(
  batch: Batch,
  session: StreamSession,
  data: string,
  reader: MessageReader,
  emittedAt = '5',
): boolean {
  const record = `{"stream":"s","data":${data},"emitted_at":${emittedAt}}`
  reader.append(Buffer.from(`{"type":"RECORD","record":${record}}\n`))
  if (!reader.next()) throw new Error('This is not a line.')
  return batch.addRecord(session, reader.block, reader.message)
}

/** A state message that is acknowledged by its name and our counts. */
export function stateNamed(name: string, size = 10): StateMessage {
  return {
    scope: { kind: 'legacy' },
    size,
    acknowledge: (stats) => Buffer.from(`${name} ${JSON.stringify(stats)}\n`),
  }
}

/** Ids for as many records as a test may have, of each stream. */
export function idsFrom(first: number, sessions: readonly StreamSession[]): Map<StreamSession, IdRange[]> {
  return new Map(sessions.map((session) => [session, [{ first, last: first + 1_000_000 }]]))
}

/** Encodes a batch as the first one of a run. */
export function encode(
  batch: EncodableBatch,
  ids?: Map<StreamSession, IdRange[]>,
  decisions: EncodeOptions['decisions'] = new Map(),
) {
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  const client = { isCluster: false, slotOf: () => undefined, slotOwners: undefined }
  return {
    ...encodeBatch(batch, out, {
      ids: ids ?? idsFrom(1, [...batch.countByStream().keys()]),
      decisions,
      client,
    }),
    out,
  }
}

/** Returns the commands of each request. */
export function commandsOf(requests: readonly BatchRequest[]): string[][][] {
  return requests.map(({ request }) => commandsIn(request.commands.bytes()))
}

/** Each command as its name and arguments. */
export function commandsIn(bytes: Buffer): string[][] {
  const commands: string[][] = []
  for (let at = 0; at < bytes.length;) {
    let words = 0
    ;[words, at] = readHeader(bytes, at, '*')
    const command: string[] = []
    for (let size: number; words > 0; words--) {
      ;[size, at] = readHeader(bytes, at, '$')
      command.push(bytes.toString('utf8', at, at + size))
      at += size + 2
    }
    commands.push(command)
  }
  return commands
}

function readHeader(bytes: Buffer, at: number, kind: string): [value: number, behind: number] {
  const end = bytes.indexOf('\r\n', at)
  const text = bytes.toString('latin1', at, end)
  if (!text.startsWith(kind) || end === -1) throw new Error(`Not a command: ${JSON.stringify(text)}`)
  return [Number(text.slice(1)), end + 2]
}
