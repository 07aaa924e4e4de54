/** Which layout a stream gets, and the keys it writes. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { hashFieldLayout } from '../structures/hash-field.ts'
import { hashLayout } from '../structures/hash.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import { listLayout } from '../structures/list.ts'
import { locateByKey, locateByMember, type RowLocator } from '../locations/row-location.ts'
import { setLayout } from '../structures/set.ts'
import { sortedSetLayout } from '../structures/sorted-set.ts'
import { stagedTemplate } from '../locations/staging-key.ts'
import { streamLogLayout } from '../structures/redis-stream.ts'
import { stringLayout } from '../structures/string.ts'
import { ColumnTemplate, type KeyTemplate, type StreamNames } from '../fields/column-template.ts'

const BASE = '${_airbyte_namespace}:${_airbyte_stream}'

/** One key a record, by its id. */
export const CLASSIC_KEYS = `${BASE}:\${_airbyte_ab_id}`

/** Many records under one key, in contrast to one key a record. */
export function isCollection({ cacheType, hashField }: RecordSettings): boolean {
  return hashField !== undefined || !(cacheType === 'hash' || cacheType === 'string')
}

/** `hasRows`: whether there is one record a primary key. */
export function keyTemplateOf(
  settings: RecordSettings,
  { primaryKey }: StreamNames,
  hasRows = false,
): string {
  if (settings.keyTemplate !== undefined) return settings.keyTemplate
  if (isCollection(settings)) return BASE
  return !hasRows && (settings.dataFormat === 'airbyte' || primaryKey.length === 0)
    ? CLASSIC_KEYS
    : `${BASE}:\${_airbyte_primary_key}`
}

export interface LayoutChoice {
  settings: LayoutSettings
  /** Of its keys, with the default filled in, and without the prefix. */
  keyTemplate: string
  stream: StreamNames
}

export function layoutFor(choice: LayoutChoice): Layout {
  return layoutAt(choice, keysOf(choice))
}

/** The layout that gathers what is to take the place of what is live; it gets its time to live then. */
export function stagedLayoutFor(choice: LayoutChoice): Layout {
  const { settings } = choice
  const staged = { ...settings, ttlSeconds: 0 }
  return layoutAt(
    { ...choice, settings: staged },
    stagedTemplate(keysOf(choice), Buffer.from(settings.keyPrefix)),
  )
}

/** `byMember`: whether rows that share a key are told apart. */
export function rowLocatorFor(choice: LayoutChoice, byMember: boolean): RowLocator {
  const { settings, stream } = choice
  return byMember && isCollection(settings)
    ? locateByMember(settings, stream, keysOf(choice))
    : locateByKey(settings, keysOf(choice))
}

function keysOf({ settings, keyTemplate, stream }: LayoutChoice): ColumnTemplate {
  return new ColumnTemplate('key', keyTemplate, stream, settings.keyPrefix)
}

function layoutAt({ settings, stream }: LayoutChoice, key: KeyTemplate): Layout {
  switch (settings.cacheType) {
    case 'hash':
      return settings.hashField === undefined
        ? hashLayout(settings, key)
        : hashFieldLayout(settings, key, new ColumnTemplate('hash_field', settings.hashField, stream), stream)
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
