/** What the structures of a configuration need of a server. */
import type { RecordSettings } from '../config/records.ts'
import { isCollection } from '../layout/select.ts'
import type { Need } from '../redis/probe.ts'

export function needsOf(settings: RecordSettings): Need[] {
  const { cacheType, hashField, writeCondition, ttlSeconds, expireAtField, dataFormat, onUpdate } = settings
  const expires = ttlSeconds > 0 || expireAtField !== undefined
  const isConditional = writeCondition !== 'always'
  const needs: Need[] = expires ? ['expiry'] : []
  if (cacheType !== 'hash') needs.push(cacheType)
  else if (hashField !== undefined) {
    if (writeCondition === 'if_exists') needs.push('field_script')
  } else if (expires || isConditional || (dataFormat === 'flat' && onUpdate === 'replace'))
    needs.push('hash_script')
  if (cacheType === 'list' || cacheType === 'stream' || (isCollection(settings) && expires))
    needs.push('transaction')
  return needs
}
