/** When a key expires: some time after it was written, or at a time that the record names. */
import { problem } from '../../errors.ts'
import type { ExpiryUnit, RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath } from '../../protocol/columns/columns.ts'
import { isAbsent, textIn } from './column-text.ts'
import { inMilliseconds, unitOf } from './expiry-unit.ts'
import { numericText } from './numeric-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'

/** `after`: milliseconds after the write. `at`: epoch milliseconds. */
export interface Expiry {
  kind: 'never' | 'after' | 'at'
  milliseconds: number
}

export interface ExpiryReader {
  readonly usesColumns: boolean
  /** The units of the numbers that were read so far. */
  readonly units: ReadonlySet<ExpiryUnit>
  /** Sets when the key of a record expires, and whether it has expired; or returns why that is unknown. */
  read(record: RecordView, expiry: Expiry): Refusal | undefined
}

/** Redis takes longer times, but no date is behind the last one that has a name. */
const LAST_MILLISECOND = 8.64e15

/** As `ttl_seconds`. */
const LONGEST_TTL_SECONDS = 10_000_000_000

const NO_UNITS: ReadonlySet<ExpiryUnit> = new Set()

/** Returns undefined if keys never expire. */
export function expiryOf(settings: RecordSettings): ExpiryReader | undefined {
  const { ttlSeconds, ttlJitterPercent, ttlField, expireAtField, expireAtUnit } = settings
  if (expireAtField !== undefined) return timeReader(expireAtField, expireAtUnit)
  if (ttlField !== undefined) return lifetimeReader(ttlField)
  if (ttlSeconds === 0) return undefined
  return {
    usesColumns: false,
    units: NO_UNITS,
    read({ spread }, expiry) {
      expiry.kind = 'after'
      expiry.milliseconds = spreadOut(ttlSeconds, ttlJitterPercent, spread)
      return undefined
    },
  }
}

/** Returns a time to live in milliseconds, longer or shorter by up to `percent`; `spread` is from 0 to 1. */
export function spreadOut(seconds: number, percent: number, spread: number): number {
  return Math.max(1, Math.round(seconds * 1000 * (1 + (percent / 100) * (2 * spread - 1))))
}

function lifetimeReader(field: string): ExpiryReader {
  const path = compilePath(field)
  const notALifetime = problem(
    'ttl-field-not-seconds',
    `The column ${field}, which is the ttl_field, holds no number of seconds up to ${LONGEST_TTL_SECONDS}.`,
    { options: ['ttl_field'], params: { column: field } },
  )
  return {
    usesColumns: true,
    units: NO_UNITS,
    read(record, expiry) {
      const { columns } = record
      const row = columns.find(path)
      expiry.kind = 'never'
      if (isAbsent(columns, row)) return undefined
      const seconds = Number(numericText(columns, row) ?? Number.NaN)
      if (!(seconds <= LONGEST_TTL_SECONDS)) return notALifetime
      if (seconds > 0) {
        expiry.kind = 'after'
        expiry.milliseconds = Math.max(1, Math.round(seconds * 1000))
      } else setPast(record, expiry)
      return undefined
    },
  }
}

function timeReader(field: string, unit: ExpiryUnit | undefined): ExpiryReader {
  const path = compilePath(field)
  const units = new Set<ExpiryUnit>()
  const notATime = problem(
    'expiry-not-a-time',
    `The column ${field}, which is the expire_at_field, holds no time.`,
    { options: ['expire_at_field'], params: { column: field } },
  )
  const timeIn = (number: number): number => {
    // Past in every unit.
    if (number <= 0) return 0
    const used = unit ?? unitOf(number)
    units.add(used)
    return inMilliseconds(number, used)
  }
  return {
    usesColumns: true,
    units,
    read(record, expiry) {
      const { columns } = record
      const row = columns.find(path)
      expiry.kind = 'never'
      if (isAbsent(columns, row)) return undefined
      const digits = numericText(columns, row)
      const time = digits === undefined ? dateIn(record, row) : timeIn(Number(digits))
      if (!(Math.abs(time) <= LAST_MILLISECOND)) return notATime
      expiry.kind = 'at'
      expiry.milliseconds = Math.trunc(time)
      if (expiry.milliseconds <= record.now) setPast(record, expiry)
      return undefined
    },
  }
}

/** Redis refuses times before 1970; every time in the past has the same effect. */
function setPast(record: RecordView, expiry: Expiry): void {
  expiry.kind = 'at'
  expiry.milliseconds = 1
  record.result = 'expired'
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i

/** Reads an ISO timestamp, which is in UTC if it names no zone. */
function dateIn({ columns }: RecordView, row: number): number {
  if (columns.kind(row) !== ColumnKind.string) return Number.NaN
  const [, day, clock = '00:00', zone = 'Z'] = ISO.exec(textIn(columns, row)) ?? []
  if (day === undefined || !isInCalendar(day)) return Number.NaN
  return Date.parse(`${day}T${clock}${zone.length === 3 ? `${zone}:00` : zone.toUpperCase()}`)
}

/** `Date` takes February 30 for a day in March. */
function isInCalendar(day: string): boolean {
  const start = Date.parse(day)
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(day)
}
