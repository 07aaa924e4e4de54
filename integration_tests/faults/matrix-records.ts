// The records of a case: several for each row, in random order, with a cursor that does not follow the order.
import { record } from '../support/messages.ts'
import type { Random } from '../support/random.ts'

export interface SentRecord {
  /** The row; all records of a row have the same group. */
  id: string
  g: string
  /** The number of the record within its generation, from 1 on. */
  n: number
  of: 'old' | 'new'
  cursor: number
  /** One of three columns that a record has, so that a merged row has some of each. */
  extra: string
  isDeleted: boolean
}

const GROUPS = 7
const OLD_RECORDS = 60
const ROWS = 90

/** The number of records between two states, and of a batch. */
export const RECORDS_PER_STATE = 10

const NEW_RECORDS = 240

export function oldRecords(random: Random): SentRecord[] {
  return Array.from({ length: OLD_RECORDS }, (_, at) => makeRecord(random, 'old', at + 1, 60))
}

/** Half of the rows are among those of the older records. */
export function newRecords(random: Random, canDelete: boolean): SentRecord[] {
  return Array.from({ length: NEW_RECORDS }, (_, at) => {
    const made = makeRecord(random, 'new', at + 1, 1_000)
    return { ...made, isDeleted: canDelete && random() < 0.1 }
  })
}

function makeRecord(random: Random, of: 'old' | 'new', n: number, cursors: number): SentRecord {
  const row = Math.floor(random() * ROWS) + (of === 'old' ? 0 : ROWS / 2)
  return {
    id: `r${row}`,
    g: `g${row % GROUPS}`,
    n,
    of,
    cursor: 1 + Math.floor(random() * cursors),
    extra: `c${Math.floor(random() * 3)}`,
    isDeleted: false,
  }
}

/** Returns the columns of a record, in the order in which they are sent. */
export function columnsOf({ id, g, n, of, cursor, extra, isDeleted }: SentRecord): Record<string, unknown> {
  return { id, g, n, of, v: cursor, [extra]: n, ...(isDeleted ? { _ab_cdc_deleted_at: '2024-01-01' } : {}) }
}

/** Returns the record as the JSON text that is sent. */
export function jsonOf(sent: SentRecord): string {
  return JSON.stringify(columnsOf(sent))
}

export const EMITTED_AT = 1_700_000_000_000

export function lineOf(sent: SentRecord): string {
  return record('s', jsonOf(sent), { namespace: 'n', emittedAt: EMITTED_AT })
}
