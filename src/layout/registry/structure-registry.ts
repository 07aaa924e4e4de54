/** The registry of Redis structures. Everything outside `layout/structures` that depends on one reads it from here. */
import { problem, SystemError } from '../../errors.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { selectStructure } from '../../config/settings/structure-rules.ts'
import type { Structure } from '../contract/structure.ts'
import { hashField } from '../structures/hash-field.ts'
import { hash } from '../structures/hash.ts'
import { list } from '../structures/list.ts'
import { redisStream } from '../structures/redis-stream.ts'
import { set } from '../structures/set.ts'
import { sortedSet } from '../structures/sorted-set.ts'
import { string } from '../structures/string.ts'

export const STRUCTURES: readonly Structure[] = [hash, hashField, string, list, set, sortedSet, redisStream]

export function structureOf(settings: Pick<RecordSettings, 'cacheType' | 'hashField'>): Structure {
  const structure = selectStructure(STRUCTURES, settings)
  if (structure === undefined)
    throw new SystemError(
      problem('cache-type-unknown', `There is no structure for cache_type ${settings.cacheType}.`, {
        options: ['cache_type'],
      }),
    )
  return structure
}

/** Returns whether many records share a key. */
export function isCollection(settings: RecordSettings): boolean {
  return structureOf(settings).collection !== undefined
}
