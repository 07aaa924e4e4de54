/**
 * Removes the rows that the classic Airbyte Redis destination wrote before this connector took the stream over. It left
 * no metadata, only a counter, and counters beside hashes are common: each hash is looked at before it is removed.
 */
import { idKeysOf } from '../../layout/locations/id-keys.ts'
import { CLASSIC_KEYS } from '../../layout/registry/default-key-template.ts'
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { readLoadedCount } from '../ids/id-counter.ts'
import { keysOfType, removeKeys } from './delete-keys.ts'

const ROWS_PER_ROUND = 10_000

/** The rows that are looked at to tell whose counter it is. */
const LAST_ROWS = 100

/** A counter above this is not that of the classic connector, whose keys were written one by one. */
export const MOST_CLASSIC_ROWS = 1_000_000_000

const WHOLE_NUMBER = /^[1-9]\d{0,15}$/

const FIELDS = ['_airbyte_ab_id', '_airbyte_emitted_at', '_airbyte_data'] as const

/** Removes rows 1 to `lastId`, but for keys that are live now. Returns how many there were. */
export async function removeClassicRows(
  client: CommandClient,
  plan: StreamPlan,
  lastId: number,
  areLive: (keys: readonly string[]) => Promise<readonly boolean[]>,
  log: Log,
): Promise<number> {
  const { stream, settings, name, isForeignKey } = plan
  const { lead, tail } = idKeysOf(CLASSIC_KEYS, stream, settings.keyPrefix)!
  const loaded = await readLoadedCount(client, plan.baseKey)
  let rows = 0
  for (let from = 1; from <= lastId; from += ROWS_PER_ROUND) {
    const count = Math.min(ROWS_PER_ROUND, lastId - from + 1)
    const ids = Array.from({ length: count }, (_, at) => from + at)
    const idByKey = new Map(ids.map((id) => [lead + id + tail, id]))
    const own = [...idByKey.keys()].filter((key) => !isForeignKey(key))
    const hashes = await keysOfType(client, 'hash', own)
    const live = await areLive(hashes)
    const former = hashes.filter((_, at) => !live[at]!)
    rows += await removeKeys(client, await classicAmong(client, former, idByKey, loaded))
  }
  log(
    rows > 0 ? 'INFO' : 'WARN',
    rows > 0
      ? `${name}: ${rows} rows of the classic connector were taken over from ${lead}1${tail} on and have been removed.`
      : `${name}: ${plan.baseKey} holds a number, but there is no row of the classic connector beside it, so it was left alone.`,
  )
  return rows
}

/** Returns whether the classic connector has counted up to `lastId`: one of the last rows has its fields and its id. */
export async function isClassicCounter(
  client: CommandClient,
  plan: StreamPlan,
  lastId: number,
): Promise<boolean> {
  if (lastId === 0) return false
  const { stream, settings } = plan
  const { lead, tail } = idKeysOf(CLASSIC_KEYS, stream, settings.keyPrefix)!
  const ids = Array.from({ length: Math.min(lastId, LAST_ROWS) }, (_, at) => lastId - at)
  const idByKey = new Map(ids.map((id) => [lead + id + tail, id]))
  const hashes = await keysOfType(client, 'hash', [...idByKey.keys()])
  const loaded = await readLoadedCount(client, plan.baseKey)
  return (await classicAmong(client, hashes, idByKey, loaded)).length > 0
}

/**
 * Returns the keys with exactly the three fields of the classic connector, where the first of them is the number in the key,
 * or one that the connector gave to a record while it loaded: it numbered the keys anew afterwards, in any order.
 */
async function classicAmong(
  client: CommandClient,
  keys: readonly string[],
  idByKey: ReadonlyMap<string, number>,
  loaded: number,
): Promise<string[]> {
  if (keys.length === 0) return []
  const lengths = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const key of keys) lengths.command('HLEN', key)
  const counted = await client.send({ kind: 'read', commands: EncodedCommands.from(lengths) })
  const three = keys.filter((_, at) => Number(counted.read[at]?.[0]) === FIELDS.length)
  if (three.length === 0) return []
  const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  for (const key of three) {
    commands.command('HGET', key, FIELDS[0])
    commands.command('HEXISTS', key, FIELDS[1])
    commands.command('HEXISTS', key, FIELDS[2])
  }
  const { read } = await client.send({ kind: 'read', commands: EncodedCommands.from(commands) })
  return three.filter((key, at) => {
    const [id, emittedAt, data] = [0, 1, 2].map((field) => read[3 * at + field]?.[0])
    const isGiven = typeof id === 'string' && WHOLE_NUMBER.test(id) && Number(id) <= loaded
    return (isGiven || id === String(idByKey.get(key))) && Number(emittedAt) === 1 && Number(data) === 1
  })
}
