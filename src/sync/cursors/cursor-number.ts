/** Decimal numbers of any size and precision, compared digit by digit: none goes through a double. */

/** The value is 0.`digits` times ten to the power of `magnitude`. */
interface Decimal {
  sign: -1 | 0 | 1
  magnitude: number | bigint
  /** Neither begins nor ends with a zero. */
  digits: string
}

const ZERO = 0x30
const NINE = 0x39

// No digit can be matched in two ways, so that a long text takes no more than linear time.
const DECIMAL = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** JSON numbers, and what else is usual in text: a plus, leading zeros, nothing before or after the point. */
export function isDecimal(text: string): boolean {
  return isNatural(text) || DECIMAL.test(text)
}

/** Digits only, and no leading zero: of two such numbers the longer one is the higher one. */
export function isNatural(text: string): boolean {
  const { length } = text
  if (length === 0 || (length > 1 && text.charCodeAt(0) === ZERO)) return false
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return false
  }
  return true
}

export function compareNumbers(a: string, b: string): number {
  const first = decimalOf(a)
  const second = decimalOf(b)
  if (first.sign !== second.sign) return first.sign - second.sign
  if (first.magnitude < second.magnitude) return -first.sign
  if (first.magnitude > second.magnitude) return first.sign
  if (first.digits === second.digits) return 0
  return first.digits < second.digits ? -first.sign : first.sign
}

function decimalOf(text: string): Decimal {
  const [, sign, integer = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  const all = integer + fraction
  let start = 0
  while (all.charCodeAt(start) === ZERO) start++
  if (start === all.length) return { sign: 0, magnitude: 0, digits: '' }
  let end = all.length
  while (all.charCodeAt(end - 1) === ZERO) end--
  return {
    sign: sign === '-' ? -1 : 1,
    magnitude: sum(exponent, integer.length - start),
    digits: all.slice(start, end),
  }
}

/** Exact: up to 15 digits fit into a double, and numbers and bigints compare with each other exactly. */
function sum(exponent: string, shift: number): number | bigint {
  if (exponent.length <= 15) return Number(exponent) + shift
  return BigInt(exponent) + BigInt(shift)
}
