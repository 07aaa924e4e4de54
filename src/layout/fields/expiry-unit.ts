/** The unit of a number that says when a key expires: the size of the number tells it, if the configuration does not. */
import type { ExpiryUnit } from '../../config/settings/record-settings.ts'

const PER_MILLISECOND = { ms: 1, us: 1e3, ns: 1e6 }

/** Seconds reach the year 9999, as timestamps do. A larger number is in milliseconds, and so on. */
const SECONDS_BELOW = 253_402_300_800

/** Returns the unit that an epoch time of this size has. */
export function unitOf(time: number): ExpiryUnit {
  if (time < SECONDS_BELOW) return 's'
  if (time < SECONDS_BELOW * 1e3) return 'ms'
  return time < SECONDS_BELOW * 1e6 ? 'us' : 'ns'
}

export function inMilliseconds(time: number, unit: ExpiryUnit): number {
  return unit === 's' ? time * 1000 : time / PER_MILLISECOND[unit]
}
