/** The keys of a configuration that can be predicted without a catalog, and the type that each must have. */
import type { Config } from '../../config/settings/config.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { CLASSIC_KEYS, keyTemplateOf } from '../../layout/registry/key-template.ts'
import { isCollection, structureOf } from '../../layout/registry/structure-registry.ts'
import type { KnownKey } from '../../redis/health/key-checks.ts'
import { deadLetterKey, leaseKey, metadataKey } from '../streams/internal-keys.ts'

export function predictableKeys({ keyPrefix, records, streams, onRecordError }: Config): KnownKey[] {
  const keys = [
    ...constantKeys(records, 'key_template'),
    ...streams.flatMap(({ records: settings, stream, namespace }) => [
      ...constantKeys(settings, `stream ${stream}`),
      ...(namespace === undefined ? [] : streamKeys(settings, stream, namespace)),
    ]),
    ...(onRecordError === 'dead_letter'
      ? [{ key: deadLetterKey(keyPrefix), kind: 'stream', user: 'on_record_error: dead_letter' }]
      : []),
  ]
  return [...new Map(keys.map((key) => [`${key.kind} ${key.key}`, key])).values()]
}

/** Returns the key of a template that contains no column. */
function constantKeys(settings: RecordSettings, user: string): KnownKey[] {
  if (settings.keyTemplate === undefined) return []
  const texts = parseTemplate(settings.keyTemplate).map((part) =>
    part.kind === 'text' ? part.text : undefined,
  )
  if (texts.includes(undefined)) return []
  return [{ key: settings.keyPrefix + texts.join(''), kind: structureOf(settings).type, user }]
}

function streamKeys(settings: RecordSettings, stream: string, namespace: string): KnownKey[] {
  const base = `${namespace}:${stream}`
  const { keyPrefix } = settings
  const user = `stream ${stream}`
  const internal = [
    { key: metadataKey(keyPrefix, base), kind: 'hash', user },
    { key: leaseKey(keyPrefix, base), kind: 'string', user },
  ]
  if (isCollection(settings)) {
    const counter = { key: `${keyPrefix}${base}:_airbyte_ab_id`, kind: 'string', user }
    const collection =
      settings.keyTemplate === undefined
        ? [{ key: keyPrefix + base, kind: structureOf(settings).type, user }]
        : []
    return [...internal, ...collection, ...(settings.dataFormat === 'airbyte' ? [counter] : [])]
  }
  // A stream that does not use ids has no counter.
  const hasCounter = settings.dataFormat === 'airbyte' || usesIds(settings)
  return hasCounter ? [...internal, { key: keyPrefix + base, kind: 'string', user }] : internal
}

function usesIds(settings: RecordSettings): boolean {
  const template = keyTemplateOf(settings, { name: '', namespace: '', primaryKey: [['id']] })
  return template === CLASSIC_KEYS || template.includes('${_airbyte_ab_id}')
}
