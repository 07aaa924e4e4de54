/**
 * The index of the keys that a stream has written: the location of each row, and its version. It is kept in 256 hashes,
 * so that it spreads over the nodes of a cluster, and the hashes of small streams stay small.
 */
import type { CommandClient } from '../../redis/client/command-client.ts'
import { scanItems } from '../../redis/client/scan-items.ts'
import { sendAll } from '../../redis/client/send-all.ts'
import { BYTES_PER_COMMAND, CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import { indexExpiryKey, indexKey } from '../drafts/internal-keys.ts'
import { ownKeyError } from '../drafts/own-key-error.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IndexEntries } from '../rows/index-entries.ts'
import { readVersion } from '../rows/row-version.ts'
import { shardOf, SHARDS } from '../rows/location-hash.ts'
import { RowsByShard } from '../rows/rows-by-shard.ts'
import { typesOf } from '../../redis/client/redis-types.ts'

const ALL_SHARDS: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard)

/** The run in entries of rows that may be older than every run; runs are numbered from 1. */
const OLDEST = '0'

/** Entries in one command: enough to make its overhead small, few enough not to block other clients. */
export const ENTRIES_PER_COMMAND = 500

const SHARDS_AT_ONCE = 16

/** When an index entry expires, in epoch milliseconds. */
export interface EntryExpiry {
  location: string
  time: number | 'never'
}

/** The score of entries that do not expire any more; they are removed from the sorted set when a run starts. */
export const NEVER = '+inf'

/** A location and the value of its entry. */
export type StoredEntry = [location: string, value: string]

export interface IndexIdentity {
  /** Its number among the indexes of the stream. */
  readonly number?: number
  /** The only location that it may have an entry for, if its stream has one key. */
  readonly only?: string | undefined
}

export class KeyIndex {
  readonly #client: CommandClient
  readonly #plan: StreamPlan
  readonly #base: string
  readonly #expiryShards: Set<number>
  readonly #number: number
  readonly #only: string | undefined

  /** `expiryShards`: those that are recorded in the metadata. */
  constructor(
    client: CommandClient,
    plan: StreamPlan,
    expiryShards: readonly number[],
    { number = 0, only }: IndexIdentity = {},
  ) {
    this.#client = client
    this.#plan = plan
    this.#base = `${plan.stream.namespace}:${plan.stream.name}`
    this.#expiryShards = new Set(expiryShards)
    this.#number = number
    this.#only = only
  }

  /** The shards that may have entries. */
  get shards(): readonly number[] {
    return this.#only === undefined ? ALL_SHARDS : [shardOf(this.#only)]
  }

  /** Returns the key of the hash with the entries of a shard. */
  keyOf(shard: number): string {
    return indexKey(this.#plan.settings.keyPrefix, this.#base, this.#name(shard))
  }

  /** Returns the key of the sorted set with the times at which entries of a shard expire. */
  expiryKeyOf(shard: number): string {
    return indexExpiryKey(this.#plan.settings.keyPrefix, this.#base, this.#name(shard))
  }

  /** Each form that the rows of a stream have had has an index of its own. */
  #name(shard: number): string {
    return this.#number === 0 ? String(shard) : `${shard}.${this.#number}`
  }

  /** Shards that have entries which expire. */
  get expiryShards(): ReadonlySet<number> {
    return this.#expiryShards
  }

  /** The entries of a shard do not expire any more. */
  dropExpiryShard(shard: number): void {
    this.#expiryShards.delete(shard)
  }

  /** Returns the values of the entries that there are, row by row; null where there is none. */
  async read(entries: IndexEntries): Promise<(string | null)[]> {
    const rows = new RowsByShard(entries)
    const { order } = rows
    const { text, count } = entries
    const commands = Math.min(SHARDS, count) + Math.floor(count / ENTRIES_PER_COMMAND)
    const out = new CommandBuffer(
      Buffer.allocUnsafeSlow(entries.locationBytes + commands * (this.#base.length + 96)),
      Buffer.allocUnsafeSlow(commands * BYTES_PER_COMMAND),
    )
    rows.each(ENTRIES_PER_COMMAND, (shard, from, end) => {
      out.begin('HMGET', 1 + end - from)
      out.keyText(this.keyOf(shard))
      for (let at = from; at < end; at++) {
        const row = order[at]!
        out.add(text.bytes, entries.startOf(row), entries.middleOf(row))
      }
    })
    const request = EncodedCommands.from(out)
    const { read, rejections } = await this.#client.send({ kind: 'read', commands: request })
    if (rejections[0] !== undefined) {
      const { index, error } = rejections[0]
      throw ownKeyError(error, request.keyOf(index) ?? '', [this.#plan.settings.keyPrefix])
    }
    return inRows(read, order)
  }

  /** Returns the reply of TYPE for some keys. */
  typesOf(keys: readonly string[]): Promise<(string | undefined)[]> {
    return typesOf(this.#client, keys)
  }

  /** Adds the commands that write the entries of some rows. */
  write(out: CommandBuffer, entries: IndexEntries, rows: readonly number[]): void {
    const { bytes } = entries.text
    const sorted = new RowsByShard(entries, rows)
    sorted.each(ENTRIES_PER_COMMAND, (shard, from, end) => {
      out.begin('HMSET', 1 + 2 * (end - from))
      out.keyText(this.keyOf(shard))
      for (let at = from; at < end; at++) {
        const row = sorted.order[at]!
        out.add(bytes, entries.startOf(row), entries.endOf(row))
      }
    })
  }

  /** Adds the commands that write when entries expire. */
  expire(out: CommandBuffer, expiries: readonly EntryExpiry[]): void {
    for (const { location, time } of expiries)
      out.command(
        'ZADD',
        this.expiryKeyOf(shardOf(location)),
        time === 'never' ? NEVER : String(time),
        location,
      )
  }

  /** Adds the commands that give a location its former entry. */
  restore(out: CommandBuffer, location: string, value: string | null): void {
    const key = this.keyOf(shardOf(location))
    if (value === null) return out.command('HDEL', key, location)
    out.command('HSET', key, location, value)
    const { tombstoneMs = 0 } = this.#plan.removals ?? {}
    // Nobody knows when the tombstone was to end, as it no longer was one.
    if (readVersion(value).isDeleted) this.expire(out, [{ location, time: Date.now() + tombstoneMs }])
  }

  /** Adds the command that records which shards have entries that expire, if some have them for the first time. */
  recordExpiryShards(out: CommandBuffer, expiries: readonly EntryExpiry[]): void {
    const before = this.#expiryShards.size
    for (const { location } of expiries) this.#expiryShards.add(shardOf(location))
    if (this.#expiryShards.size > before)
      out.command('HSET', this.#plan.metadataKey, 'expiry_shards', shardsText(this.#expiryShards))
  }

  /** Writes an entry that is older than every run, if the location has none. */
  async ensure(location: string): Promise<void> {
    await this.#client.ask('HSETNX', this.keyOf(shardOf(location)), location, OLDEST)
  }

  /** Does the same for many locations. */
  async ensureAll(locations: readonly string[]): Promise<void> {
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    for (const location of locations) out.command('HSETNX', this.keyOf(shardOf(location)), location, OLDEST)
    if (out.commands === 0) return
    await sendAll(this.#client, out)
  }

  /** Makes the entries of some locations older than every run. */
  async outdate(locations: readonly string[]): Promise<void> {
    await Promise.all(
      locations.map((location) => this.#client.ask('HSET', this.keyOf(shardOf(location)), location, OLDEST)),
    )
  }

  /** Calls `visit` with all entries, some at a time. An entry may come twice. `report` is told how many shards are done. */
  async each(
    visit: (entries: StoredEntry[]) => Promise<void>,
    report: (done: number, all: number) => void = () => {},
  ): Promise<void> {
    if (this.#only !== undefined) return this.#visitOnly(this.#only, visit)
    const shards = ALL_SHARDS.values()
    let done = 0
    const walk = async (): Promise<void> => {
      for (const shard of shards) {
        await this.#eachIn(this.keyOf(shard), visit)
        report(++done, ALL_SHARDS.length)
      }
    }
    await Promise.all(Array.from({ length: SHARDS_AT_ONCE }, walk))
  }

  async #visitOnly(location: string, visit: (entries: StoredEntry[]) => Promise<void>): Promise<void> {
    const value = await this.#client.ask('HGET', this.keyOf(shardOf(location)), location)
    if (typeof value === 'string') await visit([[location, value]])
  }

  async #eachIn(key: string, visit: (entries: StoredEntry[]) => Promise<void>): Promise<void> {
    const scan = { command: 'HSCAN', key, count: ENTRIES_PER_COMMAND } as const
    await scanItems(this.#client, scan, async (fields) => {
      const entries = chunksOf(fields, 2).map(([location, value]): StoredEntry => [location!, value!])
      if (entries.length > 0) await visit(entries)
    })
  }
}

/** Returns the values that were read, each at the position that `order` has for it. */
function inRows(read: readonly (readonly (string | null)[])[], order: Int32Array): (string | null)[] {
  const stored: (string | null)[] = Array.from({ length: order.length })
  let next = 0
  for (const values of read) for (let at = 0; at < values.length; at++) stored[order[next++]!] = values[at]!
  return stored
}

export function shardsText(shards: Iterable<number>): string {
  return [...shards].toSorted((a, b) => a - b).join(' ')
}

function chunksOf<T>(items: readonly T[], size = ENTRIES_PER_COMMAND): T[][] {
  const chunks: T[][] = []
  for (let from = 0; from < items.length; from += size) chunks.push(items.slice(from, from + size))
  return chunks
}
