/** Which layout a stream gets, and the keys it writes. */
import type { RecordSettings } from '../config/records.ts'
import { hashFieldLayout } from './hash-field.ts'
import { hashLayout } from './hash.ts'
import type { Layout } from './layout.ts'
import { listLayout } from './list.ts'
import { setLayout } from './set.ts'
import { sortedSetLayout } from './sorted-set.ts'
import { streamLogLayout } from './stream-log.ts'
import { stringLayout } from './string.ts'
import { Template, type StreamNames } from './template.ts'

const BASE = '${_airbyte_namespace}:${_airbyte_stream}'

/** Many records under one key, in contrast to one key a record. */
export function isCollection({ cacheType, hashField }: RecordSettings): boolean {
  return hashField !== undefined || !(cacheType === 'hash' || cacheType === 'string')
}

export function keyTemplateOf(settings: RecordSettings, { primaryKey }: StreamNames): string {
  if (settings.keyTemplate !== undefined) return settings.keyTemplate
  if (isCollection(settings)) return BASE
  return settings.dataFormat === 'airbyte' || primaryKey.length === 0
    ? `${BASE}:\${_airbyte_ab_id}`
    : `${BASE}:\${_airbyte_primary_key}`
}

export function layoutFor(settings: RecordSettings, stream: StreamNames): Layout {
  const key = new Template('key', keyTemplateOf(settings, stream), stream, settings.keyPrefix)
  switch (settings.cacheType) {
    case 'hash':
      return settings.hashField === undefined
        ? hashLayout(settings, key)
        : hashFieldLayout(settings, key, new Template('hash_field', settings.hashField, stream), stream)
    case 'string':
      return stringLayout(settings, key, stream)
    case 'list':
      return listLayout(settings, key, stream)
    case 'set':
      return setLayout(settings, key, stream)
    case 'sorted_set':
      return sortedSetLayout(settings, key, stream)
    case 'stream':
      return streamLogLayout(settings, key)
  }
}
