/** The live line about a run. */

/** What a run has done so far. */
export interface RunSnapshot {
  /** Bytes of input. */
  readonly bytes: number
  readonly waitsFor: 'input' | 'Redis'
  readonly streams: readonly StreamCounts[]
}

interface StreamCounts {
  readonly name: string
  /** All records that are confirmed, those that were not written included. */
  readonly records: number
  /** Records that were not written, by reason. */
  readonly others: Readonly<Record<string, number>>
}

/** What is counted beside the snapshot. */
export interface RunCounts {
  readonly states: number
  readonly seconds: number
}

export function progressLine(
  { bytes, waitsFor, streams }: RunSnapshot,
  { states, seconds }: RunCounts,
): string {
  const records = streams.reduce((sum, stream) => sum + stream.records, 0)
  const parts = [
    `${numberText(records)} records`,
    rateText(records, seconds),
    bytesText(bytes),
    `${numberText(states)} ${states === 1 ? 'state' : 'states'}`,
    `waiting for ${waitsFor === 'input' ? 'the input' : 'Redis'}`,
  ]
  return parts.join(' · ')
}

export function numberText(count: number): string {
  return count.toLocaleString('en')
}

/** Returns the records in each second. */
export function rateText(records: number, seconds: number): string {
  return `${numberText(Math.round(records / Math.max(seconds, 0.001)))}/s`
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}
