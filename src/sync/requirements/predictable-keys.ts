/** The keys of a configuration that are known without a catalog, and what each has to hold. */
import type { Config } from '../../config/settings/config.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { parseTemplate } from '../../config/settings/template.ts'
import { CLASSIC_KEYS, keyTemplateOf } from '../../layout/registry/default-key-template.ts'
import { isCollection, structureOf } from '../../layout/registry/structure-registry.ts'
import type { KeyToCheck } from '../../redis/health/key-checks.ts'
import { deadLetterKey, leaseKey, metadataKey } from '../drafts/internal-keys.ts'

export function predictableKeys({
  keyPrefix,
  records,
  streams,
  defaultProblems,
  onRecordError,
}: Config): KeyToCheck[] {
  const keys = [
    ...(defaultProblems.length === 0 ? constantKeys(records, 'key_template') : []),
    ...streams.flatMap(({ records: settings, stream, namespace }) => [
      ...constantKeys(settings, `stream ${stream}`),
      ...(namespace === undefined ? [] : streamKeys(settings, stream, namespace)),
    ]),
    ...(onRecordError === 'dead_letter'
      ? [{ key: deadLetterKey(keyPrefix), type: 'stream', neededBy: 'on_record_error: dead_letter' }]
      : []),
  ]
  return [...new Map(keys.map((entry) => [`${entry.type} ${entry.key}`, entry])).values()]
}

/** A template may name one key for all records. */
function constantKeys(settings: RecordSettings, neededBy: string): KeyToCheck[] {
  if (settings.keyTemplate === undefined) return []
  const texts = parseTemplate(settings.keyTemplate).map((range) =>
    range.kind === 'text' ? range.text : undefined,
  )
  if (texts.includes(undefined)) return []
  return [{ key: settings.keyPrefix + texts.join(''), type: structureOf(settings).type, neededBy }]
}

function streamKeys(settings: RecordSettings, stream: string, namespace: string): KeyToCheck[] {
  const base = `${namespace}:${stream}`
  const { keyPrefix } = settings
  const neededBy = `stream ${stream}`
  const own = [
    { key: metadataKey(keyPrefix, base), type: 'hash', neededBy },
    { key: leaseKey(keyPrefix, base), type: 'string', neededBy },
  ]
  if (isCollection(settings)) {
    const counter = { key: `${keyPrefix}${base}:_airbyte_ab_id`, type: 'string', neededBy }
    const its =
      settings.keyTemplate === undefined
        ? [{ key: keyPrefix + base, type: structureOf(settings).type, neededBy }]
        : []
    return [...own, ...its, ...(settings.dataFormat === 'airbyte' ? [counter] : [])]
  }
  // Keys that are not made of ids leave the counter alone.
  const isCounting = settings.dataFormat === 'airbyte' || usesIds(settings)
  return isCounting ? [...own, { key: keyPrefix + base, type: 'string', neededBy }] : own
}

function usesIds(settings: RecordSettings): boolean {
  const template = keyTemplateOf(settings, { name: '', namespace: '', primaryKey: [['id']] })
  return template === CLASSIC_KEYS || template.includes('${_airbyte_ab_id}')
}
