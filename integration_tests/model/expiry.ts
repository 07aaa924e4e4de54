// When a key ends.
import { isNumberText } from './numbers.ts'
import type { Options } from './options.ts'
import { columnAt, isAbsent, textOf, type Columns } from './values.ts'

/** A time to live in seconds from the write, or a time in epoch milliseconds; undefined for a key without end. */
export type Expiry = { seconds: number } | { at: number } | undefined

/** Returns the expiry that a write of this record gives to its key. */
export function expiryOf(options: Options, record: Columns): Expiry {
  if (options.expire_at_field !== undefined) return timeIn(record, options.expire_at_field)
  if (options.ttl_field !== undefined) return lifetimeIn(record, options.ttl_field)
  const { ttl_seconds: seconds = 0 } = options
  return seconds > 0 ? { seconds } : undefined
}

export function isPast(expiry: Expiry): boolean {
  return expiry !== undefined && 'at' in expiry && expiry.at <= Date.now()
}

/** Returns the time to live that a record names for itself, in seconds from the write. */
function lifetimeIn(record: Columns, path: string): Expiry {
  const text = textOf(columnAt(record, path))
  return text === undefined ? undefined : { seconds: Number(text) }
}

function timeIn(record: Columns, path: string): Expiry {
  const value = columnAt(record, path)
  if (isAbsent(value)) return undefined
  const text = textOf(value)!
  return { at: isNumberText(text) ? millisecondsOf(Number(text)) : Date.parse(text) }
}

/** The largest number of seconds: from it on a number is milliseconds, then microseconds, then nanoseconds. */
const LARGEST_SECONDS = 253_402_300_800

/** Returns epoch milliseconds; the size of the number tells its unit. */
function millisecondsOf(time: number): number {
  if (time < LARGEST_SECONDS) return time * 1000
  if (time < LARGEST_SECONDS * 1e3) return time
  return time < LARGEST_SECONDS * 1e6 ? time / 1e3 : time / 1e6
}
