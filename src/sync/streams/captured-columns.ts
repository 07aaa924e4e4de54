/**
 * The columns that the scanner captures while it reads records: those that keys, members and cursors are made of. Where a
 * stream needs no other one, the columns of its records are not found again.
 */
import { EMISSION_TIME } from '../../config/settings/record-settings.ts'
import { templateColumns } from '../../layout/fields/column-template.ts'
import { LONGEST_CAPTURED, MOST_CAPTURED } from '../../protocol/columns/columns.ts'
import { DELETED_AT } from '../../layout/fields/deleted-at.ts'
import type { StreamPlan } from './stream-plan.ts'

export interface CapturedColumns {
  readonly names: readonly string[]
  /** Whether they are all that a stream needs, by its position in the catalog. */
  readonly areEnough: readonly boolean[]
}

export const NOTHING_CAPTURED: CapturedColumns = { names: [], areEnough: [] }

/** Names that can be compared byte by byte, and lead to the same column as a path and as a name. */
const SIMPLE = /^[\w -]+$/

export function capturedColumnsOf(plans: readonly StreamPlan[]): CapturedColumns {
  const names: string[] = []
  const areEnough = plans.map((plan) => {
    const missing = neededBy(plan)?.filter((name) => !names.includes(name))
    if (missing === undefined || names.length + missing.length > MOST_CAPTURED) return false
    names.push(...missing)
    return true
  })
  return { names, areEnough }
}

/** Returns the columns that are looked for in records of the stream; undefined where they cannot be captured. */
function neededBy({ settings, keyTemplate, stream, deletions, filter }: StreamPlan): string[] | undefined {
  const { dataFormat, fields, rootField, scoreField, expireAtField, ttlField, hashField, member } = settings
  const usesOthers =
    (dataFormat !== 'airbyte' && dataFormat !== 'json') ||
    settings.writesDeletedAt === true ||
    [fields, rootField, expireAtField, ttlField, filter].some((option) => option !== undefined)
  if (usesOthers) return undefined
  const needed = new Set([
    ...[keyTemplate, hashField, member].flatMap((template) => templateColumns(template ?? '', stream)),
    ...(scoreField === EMISSION_TIME ? [] : [scoreField]),
    ...(stream.cursor === undefined ? [] : [stream.cursor.path]),
    ...(deletions === undefined ? [] : [DELETED_AT]),
  ])
  return [...needed].every((name) => SIMPLE.test(name) && name.length <= LONGEST_CAPTURED)
    ? [...needed]
    : undefined
}
