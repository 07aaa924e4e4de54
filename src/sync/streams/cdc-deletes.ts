/** CDC deletes: records that delete their row, and how the row is deleted. */
import type { Config } from '../../config/settings/config.ts'
import { DELETED_AT } from '../../layout/fields/deleted-at.ts'
import { ColumnKind, compilePath, type Columns } from '../../protocol/columns/columns.ts'

export interface Deletions {
  /** Milliseconds until the key expires; undefined where the row is removed at once. */
  afterMs: number | undefined
  /** Milliseconds for which the tombstone of a deleted row is kept. */
  tombstoneMs: number
}

/** Returns how rows are deleted; undefined where a deletion is written like any other record. */
export function deletionsOf({
  deleteMode,
  deleteTtlSeconds,
  tombstoneSeconds,
}: Config): Deletions | undefined {
  if (deleteMode === 'soft') return undefined
  return {
    afterMs: deleteMode === 'ttl' ? deleteTtlSeconds! * 1000 : undefined,
    tombstoneMs: tombstoneSeconds * 1000,
  }
}

/** Returns how rows are removed at once. */
export function hardDeletions({ tombstoneSeconds }: Config): Deletions {
  return { afterMs: undefined, tombstoneMs: tombstoneSeconds * 1000 }
}

const PATH = compilePath(DELETED_AT)

/** Returns whether a record deletes its row: CDC sources fill this column then. */
export function isDeletion(columns: Columns): boolean {
  const row = columns.find(PATH)
  return row !== -1 && columns.kind(row) !== ColumnKind.null
}
