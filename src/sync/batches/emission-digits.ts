/** Writes an emission time anew: as whole milliseconds, where it came with an exponent or in seconds. */
import { integerText } from '../../protocol/columns/compact-json.ts'
import type { Message, Range } from '../../protocol/input/message.ts'

/** The digits are no more than these. */
const MOST_DIGITS = 24

/** Writes the digits over the rest of the line, which has been read: there is room on one side of the data. */
export function writeDigits(
  bytes: Buffer,
  { emittedAt, data, lineStart }: Message,
  isInSeconds: boolean,
): Range {
  const integer = integerText(bytes, emittedAt.start, emittedAt.end)
  const digits = isInSeconds ? `${integer}000` : integer
  const start = data.start - lineStart < MOST_DIGITS ? data.end : lineStart
  return { start, end: start + bytes.write(digits, start, 'latin1') }
}
