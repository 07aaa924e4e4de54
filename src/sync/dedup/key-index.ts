/**
 * Remembers where a stream's rows are, and what is known of each: in hashes of the connector's own, many of them, so
 * that they spread over the nodes of a cluster, and stay small for small streams.
 */
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import { forgetKey, indexKey } from '../streams/internal-keys.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { readVersion } from './row-version.ts'
import type { Located, IndexEntry } from './index-entry.ts'

const SHARDS = 256

/** Runs are counted from 1. */
const OLDEST = 0

/** Places in one command: enough to make its overhead small, few enough not to hold up other clients. */
const MOST_IN_COMMAND = 500

const SHARDS_AT_ONCE = 16

/** A place that may be forgotten at a time, in epoch milliseconds. */
export interface EntryExpiry {
  location: string
  time: number | 'never'
}

export class KeyIndex {
  readonly #client: RedisClient
  readonly #locator: readonly string[]
  readonly #forget: readonly string[]
  readonly #endsByItself: boolean

  constructor(client: RedisClient, { settings: { keyPrefix, ttlSeconds }, stream }: StreamPlan) {
    const base = `${stream.namespace}:${stream.name}`
    const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
    this.#client = client
    this.#endsByItself = ttlSeconds > 0
    this.#locator = shards.map((shard) => indexKey(keyPrefix, base, shard))
    this.#forget = shards.map((shard) => forgetKey(keyPrefix, base, shard))
  }

  /** What is known of each place, in their order; null where nothing is. */
  async read(locator: readonly Located[]): Promise<(string | null)[]> {
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    const order: number[] = []
    for (const [shard, indexes] of byShard(locator))
      for (const some of chunksOf(indexes)) {
        out.begin('HMGET', 1 + some.length)
        out.keyText(this.#locator[shard]!)
        for (const index of some) {
          const { text, start, middle } = locator[index]!
          out.add(text.bytes, start, middle)
          order.push(index)
        }
      }
    const { read, rejections } = await this.#client.send({
      kind: 'read',
      commands: EncodedCommands.from(out),
    })
    if (rejections[0] !== undefined) throw rejections[0].error
    const known: (string | null)[] = Array.from({ length: locator.length }, () => null)
    let next = 0
    for (const values of read) for (const value of values) known[order[next++]!] = value
    return known
  }

  /** Puts in the commands that note what is known of places from now on; each place is there once. */
  note(out: CommandBuffer, entries: readonly IndexEntry[]): void {
    for (const [shard, indexes] of byShard(entries))
      for (const some of chunksOf(indexes)) {
        out.begin('HMSET', 1 + 2 * some.length)
        out.keyText(this.#locator[shard]!)
        for (const index of some) {
          const { text, start, end } = entries[index]!
          out.add(text.bytes, start, end)
        }
      }
  }

  /** Puts in the commands that have places forgotten, or not. */
  forget(out: CommandBuffer, forgettings: readonly EntryExpiry[]): void {
    for (const { location, time } of forgettings) {
      const key = this.#forget[shardOf(location)]!
      if (time === 'never') out.command('ZREM', key, location)
      else out.command('ZADD', key, String(time), location)
    }
  }

  /** Notes a place that may be older than everything, if nothing is known of it. */
  async ensure(location: string): Promise<void> {
    await this.#client.ask('HSETNX', this.#locator[shardOf(location)]!, location, OLDEST)
  }

  /** Notes of places that they are older than everything. */
  async outdate(locator: readonly string[]): Promise<void> {
    await Promise.all(
      locator.map((location) =>
        this.#client.ask('HSET', this.#locator[shardOf(location)]!, location, OLDEST),
      ),
    )
  }

  /** Forgets the places whose time has come. */
  async forgetDue(now: number): Promise<void> {
    await Promise.all(this.#forget.map((key, shard) => this.#forgetDueIn(key, shard, now)))
  }

  /** Forgets places altogether. */
  async remove(locator: readonly string[]): Promise<void> {
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    for (const [shard, indexes] of byShard(locator.map((location) => ({ location })))) {
      const names = indexes.map((index) => locator[index]!)
      out.command('HDEL', this.#locator[shard]!, ...names)
      out.command('ZREM', this.#forget[shard]!, ...names)
    }
    const { rejections } = await this.#client.send({
      kind: 'write',
      commands: EncodedCommands.from(out),
      isCounted: false,
      confirmedBy: 'reply',
    })
    if (rejections[0] !== undefined) throw rejections[0].error
  }

  /** Hands out all places with what is known of them, some at a time. One may come twice. */
  async each(visit: (entries: [location: string, known: string][]) => Promise<void>): Promise<void> {
    const shards = this.#locator.values()
    const walk = async (): Promise<void> => {
      for (const key of shards) await this.#eachIn(key, visit)
    }
    await Promise.all(Array.from({ length: SHARDS_AT_ONCE }, walk))
  }

  async #eachIn(key: string, visit: (entries: [string, string][]) => Promise<void>): Promise<void> {
    let cursor = '0'
    do {
      const reply = await this.#client.ask('HSCAN', key, cursor, 'COUNT', MOST_IN_COMMAND)
      const [next, fields] = reply as [string, string[]]
      const entries = chunksOf(fields, 2).map(([location, known]): [string, string] => [location!, known!])
      if (entries.length > 0) await visit(entries)
      cursor = next
    } while (cursor !== '0')
  }

  /** Runs that note no versions do not say that a row is back; and rows may have ended by themselves once, and not now. */
  #isGone(note: string | null): boolean {
    if (note === null || !note.includes(' ')) return false
    return this.#endsByItself || readVersion(note).isDeleted
  }

  async #forgetDueIn(key: string, shard: number, now: number): Promise<void> {
    for (;;) {
      const due = await this.#client.ask('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, MOST_IN_COMMAND)
      const locator = due as string[]
      if (locator.length === 0) return
      const notes = await this.#client.ask('HMGET', this.#locator[shard]!, ...locator)
      const gone = locator.filter((_, at) => this.#isGone((notes as (string | null)[])[at]!))
      if (gone.length > 0) await this.#client.ask('HDEL', this.#locator[shard]!, ...gone)
      await this.#client.ask('ZREM', key, ...locator)
    }
  }
}

/** The shards of the places, each with the indexes of its places. */
function byShard(located: readonly { location: string }[]): [shard: number, indexes: number[]][] {
  const shards: number[][] = []
  for (let index = 0; index < located.length; index++) {
    const shard = shardOf(located[index]!.location)
    const indexes = shards[shard]
    if (indexes === undefined) shards[shard] = [index]
    else indexes.push(index)
  }
  return Object.entries(shards).map(([shard, indexes]) => [Number(shard), indexes])
}

/** Stays as it is for ever, as what was noted under one version has to be found by the next: FNV-1a. */
function shardOf(location: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < location.length; at++) hash = Math.imul(hash ^ location.charCodeAt(at), 0x01000193)
  return (hash >>> 16) % SHARDS
}

function chunksOf<T>(items: readonly T[], size = MOST_IN_COMMAND): T[][] {
  const chunks: T[][] = []
  for (let from = 0; from < items.length; from += size) chunks.push(items.slice(from, from + size))
  return chunks
}
