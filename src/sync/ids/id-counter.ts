/**
 * The counter of a stream when a run opens it: the highest id that was given out. Ids never start again while the
 * counter, the metadata or the rows are there.
 */
import { ConfigError, messageOf, problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { Reply } from '../../redis/resp/reply.ts'
import { manifestsIn, type GenerationManifest } from '../streams/generation-manifest.ts'
import { numberIn, type MetadataFields } from '../streams/stream-metadata.ts'
import { typesOf } from '../../redis/client/redis-types.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** As many ids may be without a row one after the other: those of a batch that was never written. */
const ROWS_AT_ONCE = 20_000

/** A counter this far above all ids that were given out would have a later replace look for that many keys. */
const MOST_UNKNOWN_IDS = 10_000_000

export interface OpenCounter {
  readonly key: string
  /** The highest id that was given out. */
  readonly lastId: number
  /** Whether the key was there. */
  readonly isFound: boolean
}

/**
 * Returns the counter, raised where it was lower. `otherKey`: counts instead where a former generation, which the run
 * replaces, has its rows in the key of the counter.
 */
export async function openCounter(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  otherKey?: string,
): Promise<OpenCounter> {
  const counterKey = otherKey ?? plan.counterKey
  const manifests = manifestsIn(plan.name, plan.metadataKey, fields)
  const [current, classic] = await Promise.all([
    client.ask('GET', counterKey).catch((error: unknown) => refuseForeignKey(error, plan)),
    // Its ids can be the higher ones.
    manifests.length > 0 ? 0 : readLoadedCount(client, counterKey),
  ])
  const value = countIn(current)
  if (value === undefined) throw notACounter(plan)
  const recorded = Math.max(
    numberIn(fields, 'last_id', plan),
    ...manifests.map(({ rows }) => (rows.kind === 'ids' ? rows.firstId - 1 : 0)),
  )
  const limit = Math.max(recorded, numberIn(fields, 'id_limit', plan))
  if (manifests.length > 0 && value > limit + MOST_UNKNOWN_IDS) throw counterOutOfRange(plan, value, limit)
  const known = Math.max(value, classic, recorded)
  // A counter of 0 is one whose first ids were given back.
  const isFound = value > 0
  const lastId = isFound ? known : await lastIdWithout(client, plan, { known, limit, manifests })
  if (lastId > value) await client.ask('INCRBY', counterKey, lastId - value)
  return { key: counterKey, lastId, isFound }
}

/** Returns the highest id that may have been given out, where the counter is gone. */
function lastIdWithout(
  client: CommandClient,
  plan: StreamPlan,
  { known, limit, manifests }: { known: number; limit: number; manifests: readonly GenerationManifest[] },
): Promise<number> {
  const hadIds = manifests.some(({ usesIds, hasRecords }) => usesIds && hasRecords)
  return hadIds ? Promise.resolve(limit) : lastRowFrom(client, plan, known)
}

/** Returns the count that the classic connector may have left for a stream that has no counter of its own. */
export async function readClassicCounter(client: CommandClient, { baseKey }: StreamPlan): Promise<number> {
  const reply = await client.ask('GET', baseKey).catch((error: unknown) => {
    // A key of another type is not a counter.
    if (error instanceof ConfigError) return null
    throw error
  })
  return countIn(reply) ?? 0
}

/** Returns the highest id from `known` on that has a row, where the counter is gone. */
async function lastRowFrom(client: CommandClient, plan: StreamPlan, known: number): Promise<number> {
  const { idKeys, foreignIds } = plan
  const { type } = plan.locator.form
  if (idKeys === undefined) return known
  const keyOf = (id: number): string => idKeys.lead + id + idKeys.tail
  if (known === 0 && (await client.ask('TYPE', keyOf(1))) !== type) return known
  let last = known
  for (;;) {
    const ids = Array.from({ length: ROWS_AT_ONCE }, (_, at) => last + 1 + at)
    const types = await typesOf(client, ids.map(keyOf))
    const found = ids.findLastIndex((id, at) => types[at] === type && !foreignIds.includes(id))
    if (found === -1) return last
    last += found + 1
  }
}

/**
 * Returns how many records the classic connector has loaded: it counted in a second key meanwhile. Returns 0 where that key
 * holds something else, or may not be read.
 */
export async function readLoadedCount(client: CommandClient, counterKey: string): Promise<number> {
  return countIn(await client.ask('GET', `tmp:${counterKey}`).catch(() => null)) ?? 0
}

/** Returns undefined for what is not a count. */
function countIn(reply: Reply): number | undefined {
  if (reply === null) return 0
  const count = /^\d{1,16}$/.test(String(reply)) ? Number(reply) : Number.NaN
  return Number.isSafeInteger(count) ? count : undefined
}

function refuseForeignKey(error: unknown, { counterKey, name }: StreamPlan): never {
  if (!(error instanceof ConfigError)) throw error
  throw new ConfigError(
    problem(
      'counter-unreadable',
      `The key ${counterKey}, which counts the records of stream ${name}, cannot be read. ${messageOf(error)}`,
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
    { cause: error },
  )
}

function counterOutOfRange({ counterKey, name }: StreamPlan, value: number, limit: number): ConfigError {
  return new ConfigError(
    problem(
      'counter-out-of-range',
      `The key ${counterKey}, which counts the records of stream ${name}, holds ${value}, but no id above ${limit} was ` +
        `given out: another program has changed it. Set it back: redis-cli SET ${counterKey} ${limit}`,
      { params: { stream: name, key: counterKey, value, limit } },
    ),
  )
}

function notACounter({ counterKey, name }: StreamPlan): ConfigError {
  return new ConfigError(
    problem(
      'counter-not-a-number',
      `The key ${counterKey}, in which the records of stream ${name} are counted, does not hold a number up to ` +
        `${Number.MAX_SAFE_INTEGER}, so the connector has not written it. Rename it, or set a key_prefix.`,
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
  )
}
