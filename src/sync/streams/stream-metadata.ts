/**
 * The metadata of a stream: what its runs have to know of each other, in one hash. Runs are numbered. The rows of a run
 * belong to its generation, whose manifest is a field of the hash.
 */
import { ConfigError, problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { Reply } from '../../redis/resp/reply.ts'
import type { ManifestField } from './generation-manifest.ts'
import type { StreamPlan } from './stream-plan.ts'

/** The format of the metadata and of the other keys that are described in docs/keys.md. */
export const FORMAT = 2

/** The fields of the hash, which docs/keys.md explains. */
export type MetadataField =
  | 'format'
  | 'run_id'
  | 'connections'
  | 'runs'
  | 'last_id'
  | 'id_limit'
  | 'classic_last_id'
  | 'has_untracked'
  | 'cursor'
  | 'cursor_from_run'
  | 'live_oldest_run'
  | 'live_newest_run'
  | 'staged_from_run'
  | 'acknowledged'
  | 'pending_removal'
  | 'expiry_shards'
  | 'had_untracked'
  | 'had_ttl'
  | 'had_meta'
  | 'had_fields'
  | ManifestField

export type MetadataFields = ReadonlyMap<MetadataField, string>

export type MetadataChanges = Partial<Record<MetadataField, string | number>>

/** The ids behind the last one that a run records as possibly given out, before it gives out any. */
export const IDS_AHEAD = 100_000

/** Reads the metadata of a stream. Throws where another version of the connector wrote them. */
export async function readMetadata(client: CommandClient, plan: StreamPlan): Promise<MetadataFields> {
  const [own, former] = await Promise.all([
    client.ask('HGETALL', plan.metadataKey),
    client.ask('HGET', plan.formerMetadataKey, 'run'),
  ])
  const fields = fieldsIn(own) as Map<MetadataField, string>
  requireFormat(plan, fields.get('format'))
  if (!fields.has('runs') && former !== null) throw formerMetadata(plan)
  return fields
}

/** 1.0.0-alpha.1 kept its metadata under another key, and nothing there says how its rows can be found today. */
function formerMetadata({ name, formerMetadataKey }: StreamPlan): ConfigError {
  const sentence =
    `Version 1.0.0-alpha.1 wrote stream ${name} and kept its metadata in ${formerMetadataKey}. Clear the stream with that ` +
    `version (an overwrite without records), or set another key_prefix. "redis-cli UNLINK ${formerMetadataKey}" makes this ` +
    'version start anew and leaves the rows of the former one.'
  const params = { stream: name, key: formerMetadataKey, format: 1, readable: FORMAT }
  return new ConfigError(problem('metadata-format-older', sentence, { options: ['key_prefix'], params }))
}

export function requireFormat(
  { name, metadataKey }: Pick<StreamPlan, 'name' | 'metadataKey'>,
  format: string | null | undefined,
): void {
  const number = Number(format ?? FORMAT)
  if (number === FORMAT) return
  const params = { stream: name, key: metadataKey, format: number, readable: FORMAT }
  const what = `The metadata of stream ${name} (${metadataKey}) have format ${format}, and this version of the connector`
  throw new ConfigError(
    number > FORMAT
      ? problem(
          'metadata-format-newer',
          `${what} reads formats up to ${FORMAT}. A newer version wrote them: use that version again.`,
          { params },
        )
      : problem(
          'metadata-format-older',
          `${what} reads format ${FORMAT}. A version before 1.0.0 wrote them: replace the stream with that version, ` +
            'without records, or set another key_prefix.',
          { options: ['key_prefix'], params },
        ),
  )
}

export async function writeMetadata(
  client: Pick<CommandClient, 'ask'>,
  { metadataKey }: StreamPlan,
  changes: MetadataChanges,
): Promise<void> {
  const args = Object.entries(changes).flatMap(([field, value]) =>
    value === undefined ? [] : [field, value],
  )
  if (args.length > 0) await client.ask('HSET', metadataKey, ...args)
}

/** Returns the shards of the key index that have entries which expire. */
export function expiryShardsIn(
  fields: MetadataFields,
  plan: Pick<StreamPlan, 'name' | 'metadataKey'>,
): number[] {
  const texts = (fields.get('expiry_shards') ?? '').split(' ').filter(Boolean)
  if (texts.every((text) => /^\d{1,3}$/.test(text))) return texts.map(Number)
  throw invalidField('expiry_shards', plan)
}

function fieldsIn(reply: Reply): Map<string, string> {
  const texts = reply as string[]
  const fields = new Map<string, string>()
  for (let at = 0; at < texts.length; at += 2) fields.set(texts[at]!, texts[at + 1]!)
  return fields
}

/** Returns the number in a field, 0 where there is none. Throws where the field holds something else. */
export function numberIn(
  fields: MetadataFields,
  field: MetadataField,
  { name, metadataKey }: Pick<StreamPlan, 'name' | 'metadataKey'>,
): number {
  const text = fields.get(field) ?? '0'
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw invalidField(field, { name, metadataKey })
}

function invalidField(
  field: MetadataField,
  { name, metadataKey }: Pick<StreamPlan, 'name' | 'metadataKey'>,
): ConfigError {
  return new ConfigError(
    problem(
      'metadata-invalid',
      `The field ${field} of ${metadataKey}, the metadata of stream ${name}, is not a number. Restore it from a backup, or ` +
        'set another key_prefix.',
      { options: ['key_prefix'], params: { stream: name, key: metadataKey, field } },
    ),
  )
}
