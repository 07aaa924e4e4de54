/** Lists the rows that a stream has in Redis, by its manifests, and the keys that may be rows without an index entry. */
import { parseTemplate } from '../../config/settings/template.ts'
import { locationForm } from '../../layout/registry/row-locator.ts'
import { idRowsOf, indexedRowsOf, isMemberForm } from '../dedup/former-rows.ts'
import { typesOf } from '../../redis/client/redis-types.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { manifestsIn, type GenerationManifest } from '../streams/generation-manifest.ts'
import { expiryShardsIn, numberIn, readMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { keysOfType } from './delete-keys.ts'

const IDS_AT_ONCE = 20_000
const MOST_SAMPLES = 3

export interface StoredRows {
  /** The rows that the manifests name: keys, or members and fields of keys. */
  readonly count: number
  /** Keys of some of them. */
  readonly samples: readonly string[]
  /** Whether there may be rows that are in no index. */
  readonly hasUntracked: boolean
  /** The layouts of the stream whose keys depend on columns. */
  readonly patterns: readonly KeyPattern[]
}

/** The keys that a layout can make. */
export interface KeyPattern {
  /** For SCAN. */
  readonly glob: string
  /** The reply of TYPE for the keys. */
  readonly type: string
}

/** Sends nothing but reads. */
export async function storedRows(client: CommandClient, plan: StreamPlan): Promise<StoredRows> {
  const fields = await readMetadata(client, plan)
  const manifests = manifestsIn(plan.name, plan.metadataKey, fields)
  const samples: string[] = []
  let count = 0
  const add = (keys: readonly string[]): void => {
    count += keys.length
    for (const key of keys) if (samples.length < MOST_SAMPLES && !samples.includes(key)) samples.push(key)
  }
  for (const { index, form } of indexedRowsOf(client, plan, manifests, expiryShardsIn(fields, plan)))
    await index.each(async (entries) => {
      const keys = entries.map(([location]) => form.key(location))
      const types = await typesOf(client, keys)
      add(keys.filter((_, at) => types[at] === form.type))
    })
  for (const { rows } of idRowsOf(plan, manifests, numberIn(fields, 'last_id', plan))) {
    const last = Math.max(rows.last, await countedIds(client, plan))
    for (let from = rows.first; from <= last; from += IDS_AT_ONCE) {
      const ids = Array.from({ length: Math.min(IDS_AT_ONCE, last - from + 1) }, (_, at) => from + at)
      add(
        await keysOfType(
          client,
          rows.type,
          ids.map((id) => rows.keys.lead + id + rows.keys.tail),
        ),
      )
    }
  }
  return {
    count,
    samples,
    hasUntracked: fields.has('has_untracked'),
    patterns: manifests.flatMap((manifest) => patternOf(plan, manifest) ?? []),
  }
}

/** A run that died has given out more ids than its metadata say. */
async function countedIds(client: CommandClient, { baseKey }: StreamPlan): Promise<number> {
  const [type] = await typesOf(client, [baseKey])
  return type === 'string' ? Number(await client.ask('GET', baseKey)) || 0 : 0
}

/** Returns undefined for rows that are found without a pattern. */
function patternOf(
  { stream, settings }: StreamPlan,
  { layout, form, rows }: GenerationManifest,
): KeyPattern | undefined {
  const { type } = locationForm(form)
  if (rows.kind !== 'index' || isMemberForm(locationForm(form))) return undefined
  const glob = parseTemplate(layout.key_template).map((part) => {
    switch (part.kind) {
      case 'text':
        return escaped(part.text)
      case 'namespace':
        return escaped(stream.namespace)
      case 'stream':
        return escaped(stream.name)
      default:
        return '*'
    }
  })
  return { glob: escaped(settings.keyPrefix) + glob.join(''), type }
}

function escaped(text: string): string {
  return text.replaceAll(/[*?[\]\\^-]/g, String.raw`\$&`)
}
