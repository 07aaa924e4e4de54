/**
 * What earlier runs did to a stream whose keys do not tell, by the connector's notes. Runs are numbered: what one of
 * them wrote belongs to its generation, and a generation is all runs from its first one on, up to the next one's.
 */
import { ConfigError } from '../../errors.ts'
import { CLASSIC_KEYS } from '../../layout/registry/key-template.ts'
import { isCollection } from '../../layout/registry/structures.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { keptFrom, readGenerations, withGeneration, writeGenerations } from './generations.ts'
import type { StreamPlan } from './stream-plan.ts'
import type { Reply } from '../../redis/resp/reply.ts'

export interface StreamMetadata {
  plan: StreamPlan
  /** The number of this run among those of the stream, from 1. */
  attempt: number
  /** What runs before this one wrote is replaced; 0 where everything is kept. */
  keptFrom: number
  /** What runs before this one noted as cursor is of another column. */
  cursorFrom: number
  /** Whether there may be rows whose places are not remembered. */
  hasUntracked: boolean
  /** Of a collection: the first and the last run whose records are in what is live. */
  live: { oldest: number; newest: number }
  /** Of a collection: the first run whose records are gathered beside what is live. */
  staged: number | undefined
}

/** Reads what is noted of a stream, and notes that another run has begun. */
export async function openMetadata(client: RedisClient, plan: StreamPlan): Promise<StreamMetadata> {
  const { metadataKey, stream, locator, replaces, isDeduplicated, settings } = plan
  const notes = fieldsIn(await client.ask('HGETALL', metadataKey))
  const form = notes.get('form')
  // Rows that are not remembered among others that are would be taken for rows that vanished, one day.
  const isTracked = plan.isTracked || (plan.mayTrack && form === locator.form.name && !notes.has('untracked'))
  if (isTracked && form !== undefined && form !== locator.form.name) throw otherForm(plan, form)
  if (!isCollection(settings) && !notes.has('last_id')) await noteFormerIds(client, plan, notes)
  const attempt = Number(await client.ask('HINCRBY', metadataKey, 'attempts', 1))
  const known = readGenerations(notes.get('run_generations') ?? null)
  const generations = withGeneration(known, stream.generation, attempt)
  const cursor = stream.cursor?.path ?? ''
  const isSameCursor = notes.get('cursor') === cursor
  const isKnown = isTracked || locator.only !== undefined || settings.writeCondition === 'if_exists'
  const hasUntracked = notes.has('untracked') || !isKnown
  const news: Record<string, string | number> = {
    run_generations: writeGenerations(generations),
    ...(isTracked ? { form: locator.form.name } : {}),
    ...(hasUntracked ? { untracked: 1 } : {}),
    ...(isDeduplicated && !isSameCursor ? { cursor, cursor_from: attempt } : {}),
  }
  // Before the first record, which is worth nothing to a later run that cannot tell whose it is.
  await client.ask('HSET', metadataKey, ...Object.entries(news).flat())
  return {
    plan: { ...plan, isTracked },
    attempt,
    keptFrom: replaces ? keptFrom(stream, generations, attempt) : 0,
    cursorFrom: isSameCursor ? numberIn(notes, 'cursor_from') : attempt,
    hasUntracked,
    live: { oldest: numberIn(notes, 'live_oldest'), newest: numberIn(notes, 'live_newest') },
    staged: notes.has('staged') ? numberIn(notes, 'staged') : undefined,
  }
}

/** What was written by id is to be removed with the rest, when that is replaced. */
async function noteFormerIds(
  client: RedisClient,
  plan: StreamPlan,
  notes: ReadonlyMap<string, string>,
): Promise<void> {
  // The classic connector takes no notes, and leaves its counter.
  const template = notes.get('key_template') ?? (notes.has('attempts') ? undefined : CLASSIC_KEYS)
  if (template === undefined) return
  const last = Number(await client.ask('GET', plan.baseKey).catch(noCounter))
  if (last > 0) await client.ask('HSET', plan.metadataKey, 'last_id', last, 'key_template', template)
}

/** A key that holds something else was never a counter. */
function noCounter(error: unknown): null {
  if (error instanceof ConfigError) return null
  throw error
}

/** Notes how the keys of a stream are made of ids; two ways of it are more than can be removed again. */
export async function noteIdKeys(client: RedisClient, plan: StreamPlan): Promise<void> {
  const { metadataKey, keyTemplate, replaces, name } = plan
  const noted = await client.ask('HGET', metadataKey, 'key_template')
  const isSame = noted === null || noted === keyTemplate
  if (!isSame && replaces)
    throw new ConfigError(
      `Stream ${name} was written with the key_template ${String(noted) || '(several)'}, is to be replaced, and has ` +
        `the key_template ${keyTemplate} now. Clear it with the former one, or set another key_prefix.`,
    )
  await client.ask('HSET', metadataKey, 'key_template', isSame ? keyTemplate : '')
  await client.ask('HDEL', metadataKey, 'last_id')
}

export function fieldsIn(reply: Reply): Map<string, string> {
  const texts = reply as string[]
  const fields = new Map<string, string>()
  for (let at = 0; at < texts.length; at += 2) fields.set(texts[at]!, texts[at + 1]!)
  return fields
}

function numberIn(notes: ReadonlyMap<string, string>, field: string): number {
  return Number(notes.get(field) ?? 0)
}

function otherForm({ name, locator }: StreamPlan, form: string): ConfigError {
  return new ConfigError(
    `Stream ${name} was written as ${form} by earlier runs, which remembered it so, and is to be written as ` +
      `${locator.form.name} now. Clear the stream with the configuration it was written with, or set another key_prefix.`,
  )
}
