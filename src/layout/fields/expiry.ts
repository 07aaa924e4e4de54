/** When a key expires: some time after it was written, or at a time that the record names. */
import { problem } from '../../errors.ts'
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath } from '../../protocol/columns/columns.ts'
import { isAbsent } from './column-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'

/** `after`: milliseconds after the write. `at`: epoch milliseconds. */
export interface Expiry {
  kind: 'never' | 'after' | 'at'
  milliseconds: number
}

/** Sets when the key of a record expires, or returns why that is unknown. */
type SetExpiry = (record: RecordView, expiry: Expiry) => Refusal | undefined

/** Returns undefined if keys never expire. */
export function expiryOf({
  ttlSeconds,
  ttlJitterPercent,
  expireAtField,
}: RecordSettings): SetExpiry | undefined {
  if (expireAtField !== undefined) return expiryFrom(expireAtField)
  if (ttlSeconds === 0) return undefined
  return ({ spread }, expiry) => {
    expiry.kind = 'after'
    expiry.milliseconds = spreadOut(ttlSeconds, ttlJitterPercent, spread)
    return undefined
  }
}

/** Returns a time to live in milliseconds, longer or shorter by up to `percent`; `spread` is from 0 to 1. */
export function spreadOut(seconds: number, percent: number, spread: number): number {
  return Math.max(1, Math.round(seconds * 1000 * (1 + (percent / 100) * (2 * spread - 1))))
}

function expiryFrom(field: string): SetExpiry {
  const path = compilePath(field)
  const notATime = problem(
    'expiry-not-a-time',
    `The column ${field}, which is the expire_at_field, holds no time.`,
    { options: ['expire_at_field'], params: { column: field } },
  )
  return ({ columns }, expiry) => {
    const row = columns.find(path)
    expiry.kind = 'never'
    if (isAbsent(columns, row)) return undefined
    const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
    const time = timeIn(columns.kind(row), text)
    if (Number.isNaN(time)) return notATime
    expiry.kind = 'at'
    // Redis refuses times before 1970; every time in the past has the same effect.
    expiry.milliseconds = Math.max(1, Math.trunc(time))
    return undefined
  }
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i

/** Reads epoch milliseconds, or an ISO timestamp, which is in UTC if it names no zone. */
function timeIn(kind: ColumnKind, json: string): number {
  if (kind === ColumnKind.number) {
    const time = Number(json)
    return Math.abs(time) <= 8.64e15 ? time : Number.NaN
  }
  if (kind !== ColumnKind.string) return Number.NaN
  const [, day, clock = '00:00', zone = 'Z'] = ISO.exec(JSON.parse(json) as string) ?? []
  if (day === undefined || !isInCalendar(day)) return Number.NaN
  return Date.parse(`${day}T${clock}${zone.length === 3 ? `${zone}:00` : zone.toUpperCase()}`)
}

/** `Date` takes February 30 for a day in March. */
function isInCalendar(day: string): boolean {
  const start = Date.parse(day)
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(day)
}
