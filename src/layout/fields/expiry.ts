/** When a key ends: some time after it was written, or at a time that the record names. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath } from '../../protocol/columns/columns.ts'
import { isAbsent } from './column-text.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'

/** `after`: milliseconds from the write on. `at`: epoch milliseconds. */
export interface Expiry {
  kind: 'never' | 'after' | 'at'
  milliseconds: number
}

/** Sets when a record's key is to end, or says why that is not known. */
type SetExpiry = (record: RecordView, expiry: Expiry) => Refusal | undefined

/** Undefined where keys stay for ever. */
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

/** A time to live in milliseconds, longer or shorter by up to so many percent; `spread` is from 0 to 1. */
export function spreadOut(seconds: number, percent: number, spread: number): number {
  return Math.max(1, Math.round(seconds * 1000 * (1 + (percent / 100) * (2 * spread - 1))))
}

function expiryFrom(field: string): SetExpiry {
  const path = compilePath(field)
  return ({ columns }, expiry) => {
    const row = columns.find(path)
    expiry.kind = 'never'
    if (isAbsent(columns, row)) return undefined
    const text = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
    const time = timeIn(columns.kind(row), text)
    if (Number.isNaN(time)) return `the column ${field}, which is the expire_at_field, holds no time`
    expiry.kind = 'at'
    // Redis takes no time before its own beginning; any that has passed does the same.
    expiry.milliseconds = Math.max(1, Math.trunc(time))
    return undefined
  }
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i

/** Epoch milliseconds, or an ISO timestamp, which is UTC where it does not say otherwise. */
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

/** February 30 is a day in March to `Date`. */
function isInCalendar(day: string): boolean {
  const start = Date.parse(day)
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(day)
}
