/** A stream of the catalog with its settings and the shape of its keys, before any check. */
import type { Config } from '../../config/settings/config.ts'
import { settingsFor, type RecordSettings } from '../../config/settings/record-settings.ts'
import { idKeysOf, type IdKeys } from '../../layout/locations/id-keys.ts'
import type { LayoutSettings } from '../../layout/encoding/layout.ts'
import type { LayoutChoice } from '../../layout/registry/create-layout.ts'
import { keyTemplateOf } from '../../layout/registry/default-key-template.ts'
import { isCollection } from '../../layout/registry/structure-registry.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { isReplace } from './catalog-numbers.ts'
import { displayName } from '../../protocol/airbyte/stream-descriptor.ts'

export interface StreamDraft {
  config: Config
  stream: SyncStream
  /** The name for people. */
  name: string
  settings: LayoutSettings
  /** `<prefix><namespace>:<stream>`. */
  baseKey: string
  /** The key with the number of its last record. */
  counterKey: string
  /** The template of its keys without the prefix; a default where none is configured. */
  keyTemplate: string
  /** Returns why a key cannot be written; undefined where all keys that the template makes can be. */
  refuseKey?: LayoutChoice['refuseKey']
  /** Undefined where keys are not made of ids alone, so that they cannot be computed again. */
  idKeys: IdKeys | undefined
  /** Whether each primary key has one record, the newest one. */
  isDeduplicated: boolean
  /** Whether a successful run removes what earlier runs wrote. */
  replaces: boolean
}

export function draftOf(stream: SyncStream, config: Config): StreamDraft {
  const records = settingsFor(config, stream)
  const settings = settingsIn(stream, config, records)
  const baseKey = `${settings.keyPrefix}${stream.namespace}:${stream.name}`
  const hasRows = stream.mode !== 'append' && stream.mode !== 'overwrite'
  const keyTemplate = keyTemplateOf(settings, stream, hasRows)
  return {
    config,
    stream,
    name: displayName(stream),
    settings,
    baseKey,
    counterKey: isCollection(settings) ? `${baseKey}:_airbyte_ab_id` : baseKey,
    keyTemplate,
    idKeys: isCollection(settings) ? undefined : idKeysOf(keyTemplate, stream, settings.keyPrefix),
    isDeduplicated: stream.mode === 'append_dedup',
    replaces: isReplace(stream),
  }
}

/** Adjusts the layout to the sync mode. */
function settingsIn(stream: SyncStream, { deleteMode }: Config, records: RecordSettings): LayoutSettings {
  switch (stream.mode) {
    case 'append':
    case 'overwrite':
      // A row of a new generation contains no field of the old one.
      return {
        ...records,
        firstRecordReplaces: records.onUpdate === 'merge' && isReplace(stream),
        mayTakeOver: isReplace(stream),
      }
    case 'append_dedup':
      return { ...records, removesExpiry: deleteMode === 'ttl', mayTakeOver: isReplace(stream) }
    case 'update':
      return { ...records, writeCondition: onlyIfExists(records) }
    case 'soft_delete':
      return { ...records, writeCondition: onlyIfExists(records), onUpdate: 'merge', writesDeletedAt: true }
  }
}

function onlyIfExists({ writeCondition }: RecordSettings): RecordSettings['writeCondition'] {
  return writeCondition === 'always' ? 'if_exists' : writeCondition
}
