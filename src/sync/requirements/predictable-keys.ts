/** The keys of a configuration that are known without a catalog, and what each has to hold. */
import type { Config } from '../../config/settings/config.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { CLASSIC_KEYS, keyTemplateOf } from '../../layout/registry/key-template.ts'
import { isCollection, structureOf } from '../../layout/registry/structure-registry.ts'
import type { KnownKey } from '../../redis/health/key-checks.ts'
import { deadLetterKey, leaseKey, metadataKey } from '../streams/internal-keys.ts'

export function knownKeys({ keyPrefix, records, streams, onRecordError }: Config): KnownKey[] {
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
  return [...new Map(keys.map((known) => [`${known.kind} ${known.key}`, known])).values()]
}

/** A template may name one key for all records. */
function constantKeys(settings: RecordSettings, user: string): KnownKey[] {
  if (settings.keyTemplate === undefined) return []
  const texts = parseTemplate(settings.keyTemplate).map((range) =>
    range.kind === 'text' ? range.text : undefined,
  )
  if (texts.includes(undefined)) return []
  return [{ key: settings.keyPrefix + texts.join(''), kind: structureOf(settings).type, user }]
}

function streamKeys(settings: RecordSettings, stream: string, namespace: string): KnownKey[] {
  const base = `${namespace}:${stream}`
  const { keyPrefix } = settings
  const user = `stream ${stream}`
  const own = [
    { key: metadataKey(keyPrefix, base), kind: 'hash', user },
    { key: leaseKey(keyPrefix, base), kind: 'string', user },
  ]
  if (isCollection(settings)) {
    const counter = { key: `${keyPrefix}${base}:_airbyte_ab_id`, kind: 'string', user }
    const its =
      settings.keyTemplate === undefined
        ? [{ key: keyPrefix + base, kind: structureOf(settings).type, user }]
        : []
    return [...own, ...its, ...(settings.dataFormat === 'airbyte' ? [counter] : [])]
  }
  // Keys that are not made of ids leave the counter alone.
  const isCounting = settings.dataFormat === 'airbyte' || usesIds(settings)
  return isCounting ? [...own, { key: keyPrefix + base, kind: 'string', user }] : own
}

function usesIds(settings: RecordSettings): boolean {
  const template = keyTemplateOf(settings, { name: '', namespace: '', primaryKey: [['id']] })
  return template === CLASSIC_KEYS || template.includes('${_airbyte_ab_id}')
}
