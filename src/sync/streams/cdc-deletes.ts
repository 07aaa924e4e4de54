/** CDC deletes: records that say that their row is gone, and what is done then. */
import type { Config } from '../../config/settings/config.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'

export interface Deletions {
  /** The key is to end after so many milliseconds; at once where there is no such number. */
  afterMs: number | undefined
  /** How long a deleted row is remembered. */
  rememberedMs: number
}

/** Undefined where the deletion is written like any other record. */
export function deletionsOf({
  deleteMode,
  deleteTtlSeconds,
  tombstoneSeconds,
}: Config): Deletions | undefined {
  if (deleteMode === 'soft') return undefined
  return {
    afterMs: deleteMode === 'ttl' ? deleteTtlSeconds! * 1000 : undefined,
    rememberedMs: tombstoneSeconds * 1000,
  }
}

const DELETED_AT = compilePath('_ab_cdc_deleted_at')

/** Sources that read a log of changes fill the column where a row was deleted. */
export function isDeletion(columns: Columns): boolean {
  const row = columns.find(DELETED_AT)
  return row !== -1 && columns.kind(row) !== ColumnKind.null
}
