/**
 * The metadata of a stream: what its runs have to know of each other, in one hash. Runs are numbered. The rows of a run
 * belong to its generation, and a generation is all runs from its first one up to the first one of the next.
 */
import { ConfigError, problem } from '../../errors.ts'
import { idKeysOf } from '../../layout/locations/id-keys.ts'
import { CLASSIC_KEYS } from '../../layout/registry/key-template.ts'
import { isCollection } from '../../layout/registry/structure-registry.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { keptFrom, readGenerations, withGeneration, writeGenerations } from './generations.ts'
import { givesExpiry, type StreamPlan } from './stream-plan.ts'
import type { IdKeyRange, IdMetadata, RunMetadata } from './stream-session.ts'
import type { Reply } from '../../redis/resp/reply.ts'

/** The format of the metadata and of the other keys that are described in docs/keys.md. */
export const FORMAT = 2

/** The fields of the hash, which docs/keys.md explains. */
export type MetadataField =
  | 'format'
  | 'run_id'
  | 'connections'
  | 'key_template'
  | 'lowest_id'
  | 'last_id'
  | 'id_generations'
  | 'runs'
  | 'run_generations'
  | 'location_form'
  | 'has_untracked'
  | 'cursor'
  | 'cursor_from_run'
  | 'live_oldest_run'
  | 'live_newest_run'
  | 'staged_from_run'
  | 'pending_removal'
  | 'expiry_shards'
  | 'had_ttl'

export type MetadataFields = ReadonlyMap<MetadataField, string>

export type MetadataChanges = Partial<Record<MetadataField, string | number>>

/** Reads the metadata of a stream. Throws where a newer version of the connector wrote them. */
export async function readMetadata(client: RedisClient, plan: StreamPlan): Promise<MetadataFields> {
  const fields = fieldsIn(await client.ask('HGETALL', plan.metadataKey)) as Map<MetadataField, string>
  requireFormat(plan, fields.get('format'))
  return fields
}

export function requireFormat(
  { name, metadataKey }: Pick<StreamPlan, 'name' | 'metadataKey'>,
  format: string | null | undefined,
): void {
  if (Number(format ?? 0) <= FORMAT) return
  throw new ConfigError(
    problem(
      'metadata-format-newer',
      `The metadata of stream ${name} (${metadataKey}) have format ${format}, and this version of the connector reads ` +
        `formats up to ${FORMAT}. A newer version wrote them: use that version again.`,
      { params: { stream: name, key: metadataKey, format: Number(format), readable: FORMAT } },
    ),
  )
}

export async function writeMetadata(
  client: RedisClient,
  { metadataKey }: StreamPlan,
  changes: MetadataChanges,
): Promise<void> {
  const args = Object.entries(changes).flat()
  if (args.length > 0) await client.ask('HSET', metadataKey, ...args)
}

export function idMetadataIn(fields: MetadataFields): IdMetadata {
  const lowest = fields.get('lowest_id')
  return {
    lowest: lowest === undefined ? undefined : Number(lowest),
    generations: readGenerations(fields.get('id_generations')),
  }
}

/** Returns the shards of the key index that have entries which expire. */
export function expiryShardsIn(fields: MetadataFields): number[] {
  return (fields.get('expiry_shards') ?? '').split(' ').filter(Boolean).map(Number)
}

/**
 * Returns what is recorded when a stream is opened whose keys are made of ids alone. Throws where former runs made
 * them in another way, as keys of two kinds cannot both be removed.
 */
export function openIdKeys(plan: StreamPlan, fields: MetadataFields): MetadataChanges {
  const { keyTemplate, replaces } = plan
  const former = fields.get('key_template') ?? keyTemplate
  if (former !== keyTemplate && replaces) throw otherTemplate(plan, former)
  return differing(fields, {
    format: FORMAT,
    // Empty where the stream has keys of several templates.
    key_template: former === keyTemplate ? keyTemplate : '',
    ...(fields.has('last_id') ? { last_id: 0 } : {}),
  })
}

/**
 * Returns how a stream is opened whose keys are not made of ids alone: what this run has to know, whether it adds its
 * rows to the key index, and what is recorded of both. `counted`: the last id of a stream whose keys were made of ids.
 */
export function openRuns(
  plan: StreamPlan,
  fields: MetadataFields,
  counted: number,
): { runs: RunMetadata; isTracked: boolean; changes: MetadataChanges } {
  const { stream, locator, replaces, isDeduplicated, settings } = plan
  const form = fields.get('location_form')
  // If only some rows of a stream were tracked, a later replace would remove the tracked ones alone.
  const isTracked =
    plan.mustTrack || (plan.mayTrack && form === locator.form.name && !fields.has('has_untracked'))
  if (isTracked && form !== undefined && form !== locator.form.name) throw otherForm(plan, form)
  const run = numberIn(fields, 'runs') + 1
  const generations = withGeneration(readGenerations(fields.get('run_generations')), stream.generation, run)
  const cursor = stream.cursor?.path ?? ''
  const isSameCursor = fields.get('cursor') === cursor
  const isFindable = isTracked || locator.only !== undefined || settings.writeCondition === 'if_exists'
  const hasUntracked = fields.has('has_untracked') || !isFindable
  const former = counted > 0 ? { last_id: counted, key_template: formerTemplate(fields)! } : undefined
  const changes: MetadataChanges = {
    format: FORMAT,
    runs: run,
    run_generations: writeGenerations(generations),
    ...(isTracked ? { location_form: locator.form.name } : {}),
    ...(hasUntracked ? { has_untracked: 1 } : {}),
    ...(givesExpiry(plan) ? { had_ttl: 1 } : {}),
    ...(isDeduplicated && !isSameCursor ? { cursor, cursor_from_run: run } : {}),
    ...former,
  }
  const staged = fields.get('staged_from_run')
  const runs: RunMetadata = {
    run,
    keptFrom: replaces ? keptFrom(stream, generations, run) : 0,
    cursorFrom: isSameCursor ? numberIn(fields, 'cursor_from_run') : run,
    hasUntracked,
    hadExpiry: fields.has('had_ttl'),
    live: { oldest: numberIn(fields, 'live_oldest_run'), newest: numberIn(fields, 'live_newest_run') },
    stagedFrom: staged === undefined ? undefined : Number(staged),
    formerIds: formerIdsOf(plan, fields, former),
  }
  return { runs, isTracked, changes }
}

/**
 * Returns the last id of a stream whose former runs made its keys of ids, if that is not recorded yet: those keys are
 * removed when the stream is replaced. 0 where there are none.
 */
export async function countFormerIds(
  client: RedisClient,
  { settings, baseKey }: StreamPlan,
  fields: MetadataFields,
): Promise<number> {
  if (isCollection(settings) || numberIn(fields, 'last_id') > 0 || formerTemplate(fields) === undefined)
    return 0
  return Number(await client.ask('GET', baseKey).catch(ignoreOtherType)) || 0
}

/** Returns the template of the keys that former runs made of ids. The classic connector left no metadata. */
function formerTemplate(fields: MetadataFields): string | undefined {
  return fields.get('key_template') ?? (fields.has('runs') ? undefined : CLASSIC_KEYS)
}

function formerIdsOf(
  { stream, settings: { keyPrefix } }: StreamPlan,
  fields: MetadataFields,
  former: { last_id: number; key_template: string } | undefined,
): IdKeyRange | undefined {
  const template = former?.key_template ?? fields.get('key_template') ?? ''
  const keys = idKeysOf(template, stream, keyPrefix)
  if (keys === undefined) return undefined
  const { lowest } = idMetadataIn(fields)
  return {
    first: lowest ?? 1,
    last: former?.last_id ?? numberIn(fields, 'last_id'),
    keys,
    redisType: lowest === undefined ? 'hash' : undefined,
  }
}

/** A key of another type is not a counter. */
function ignoreOtherType(error: unknown): null {
  if (error instanceof ConfigError) return null
  throw error
}

export function fieldsIn(reply: Reply): Map<string, string> {
  const texts = reply as string[]
  const fields = new Map<string, string>()
  for (let at = 0; at < texts.length; at += 2) fields.set(texts[at]!, texts[at + 1]!)
  return fields
}

function numberIn(fields: MetadataFields, field: MetadataField): number {
  return Number(fields.get(field) ?? 0)
}

function differing(fields: MetadataFields, changes: MetadataChanges): MetadataChanges {
  const news = Object.entries(changes).filter(
    ([field, value]) => fields.get(field as MetadataField) !== String(value),
  )
  return Object.fromEntries(news)
}

function otherTemplate({ name, keyTemplate }: StreamPlan, former: string): ConfigError {
  return new ConfigError(
    problem(
      'key-template-changed',
      `Stream ${name} was written with the key_template ${former || '(several)'}, is to be replaced, and has the ` +
        `key_template ${keyTemplate} now. Clear it with the former one, or set another key_prefix.`,
      { options: ['key_template', 'key_prefix'], params: { stream: name, former, now: keyTemplate } },
    ),
  )
}

function otherForm({ name, locator }: StreamPlan, form: string): ConfigError {
  const now = locator.form.name
  return new ConfigError(
    problem(
      'location-form-changed',
      `Earlier runs wrote stream ${name} as ${form}, and it is to be written as ${now} now. Clear the stream with the ` +
        'configuration it was written with, or set another key_prefix.',
      { options: ['cache_type', 'key_prefix'], params: { stream: name, former: form, now } },
    ),
  )
}
