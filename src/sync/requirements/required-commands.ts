/** What a configuration needs of a server, as far as that is known without a catalog. */
import type { Config } from '../../config/settings/config.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { isCollection } from '../../layout/registry/create-layout.ts'
import type { Need } from '../../redis/health/permission-probes.ts'

/** What every sync needs, besides what all configurations do. */
export function needsOfAll(config: Config): Set<Need> {
  const { durability, onRecordError, trackKeys } = config
  const needs = new Set(settingsIn(config).flatMap(needsOf))
  if (onRecordError === 'dead_letter') needs.add('stream').add('transaction')
  if (trackKeys === 'always') needs.add('places')
  if (durability.mode !== 'none') needs.add(durability.mode)
  return needs
}

/** What some sync modes need. */
export function modeNeedsOfAll(config: Config): Set<Need> {
  return new Set(settingsIn(config).flatMap(modeNeedsOf))
}

export function settingsIn({ records, streams }: Config): RecordSettings[] {
  return [records, ...streams.map((entry) => entry.records)]
}

/** What the structures of a stream need. */
export function needsOf(settings: RecordSettings): Need[] {
  const { cacheType, hashField, writeCondition, dataFormat, onUpdate } = settings
  const ends = expires(settings)
  const isConditional = writeCondition !== 'always'
  const needs: Need[] = ends ? ['expiry'] : []
  if (cacheType !== 'hash') needs.push(cacheType)
  else if (hashField !== undefined) {
    if (writeCondition === 'if_exists') needs.push('field_script')
  } else if (ends || isConditional || (dataFormat === 'flat' && onUpdate === 'replace'))
    needs.push('hash_script')
  if (writeCondition === 'if_exists' && cacheType === 'list') needs.push('list_if_exists')
  if (writeCondition === 'if_exists' && cacheType === 'stream') needs.push('stream_if_exists')
  if (cacheType === 'list' || cacheType === 'stream' || (isCollection(settings) && ends))
    needs.push('transaction')
  return needs
}

export function expires({ ttlSeconds, expireAtField }: RecordSettings): boolean {
  return ttlSeconds > 0 || expireAtField !== undefined
}

function modeNeedsOf(settings: RecordSettings): Need[] {
  const { cacheType } = settings
  if (cacheType === 'string') return ['places']
  if (!isCollection(settings)) return ['places', 'hash_script']
  const needs: Need[] = ['places', 'replace', `replace_${cacheType}`]
  if (cacheType === 'hash') needs.push('field_script')
  if (cacheType === 'list') needs.push('list_if_exists')
  if (cacheType === 'stream') needs.push('stream_if_exists')
  return needs
}
