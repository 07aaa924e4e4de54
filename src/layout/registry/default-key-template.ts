/** The default templates of keys. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import type { StreamNames } from '../fields/column-template.ts'
import { isCollection } from './structure-registry.ts'

const BASE = '${_airbyte_namespace}:${_airbyte_stream}'

/** The keys of the classic Airbyte Redis destination: one for each record, by its id. */
export const CLASSIC_KEYS = `${BASE}:\${_airbyte_ab_id}`

/** Returns the template without the prefix. `hasRows`: whether there is one record for each primary key. */
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
