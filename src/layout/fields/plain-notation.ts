/**
 * The plain notation of JSON numbers: no exponent, no zeros at the end of the fraction, no point in whole numbers, and 0
 * for -0. Numbers of the same value have the same text. Very large and very small ones are written as `1.5e+40`.
 */

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i

const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

/** Whole numbers with more digits are written with an exponent. */
const MOST_DIGITS = 40

/** Numbers from this power of ten on, and below its inverse, are written with an exponent. */
const LARGEST_POWER = 40n

/** Returns whether a JSON number is written as it is: a whole number of moderate size, as most are. */
export function isPlain(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] === MINUS ? start + 1 : start
  if (end - first > MOST_DIGITS || (end - start > 1 && bytes[first] === ZERO)) return false
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!
    if (byte < ZERO || byte > NINE) return false
  }
  return true
}

/** Returns the plain notation of the text of a number. */
export function plainNotation(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const all = whole + fraction
  let [first, end] = [0, all.length]
  while (first < end && all.charCodeAt(first) === ZERO) first++
  while (end > first && all.charCodeAt(end - 1) === ZERO) end--
  if (first === end) return '0'
  // The power of ten of the first digit. An exponent may have more digits than a number can hold.
  const power = BigInt(exponent) + BigInt(whole.length - first - 1)
  return sign + unsigned(all.slice(first, end), power)
}

function unsigned(digits: string, power: bigint): string {
  if (power >= LARGEST_POWER || power < -LARGEST_POWER) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${digits[0]}${rest}e${power < 0n ? '-' : '+'}${power < 0n ? -power : power}`
  }
  const point = Number(power) + 1
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return digits.padEnd(point, '0')
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}
