// Exact decimal numbers: how two of them compare, and how one is written in a key.

/** The number is `coefficient` times ten to the power of `exponent`; the coefficient does not end in a zero. */
interface Decimal {
  coefficient: bigint
  exponent: number
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

export function isNumberText(text: string): boolean {
  return NUMBER.test(text)
}

function decimalOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = '', power = '0'] = NUMBER.exec(text) ?? []
  const digits = (whole + fraction).replace(/0+$/, '')
  const zeros = whole.length + fraction.length - digits.length
  if (/^0*$/.test(digits)) return { coefficient: 0n, exponent: 0 }
  return { coefficient: BigInt(`${sign}${digits}`), exponent: Number(power) - fraction.length + zeros }
}

/** Returns a negative number, 0 or a positive number, as a sort function does. */
export function compareNumbers(one: string, other: string): number {
  const [first, second] = [decimalOf(one), decimalOf(other)]
  const least = Math.min(first.exponent, second.exponent)
  const difference = scaled(first, least) - scaled(second, least)
  return difference < 0n ? -1 : Number(difference > 0n)
}

function scaled({ coefficient, exponent }: Decimal, to: number): bigint {
  return coefficient * 10n ** BigInt(exponent - to)
}

/** Numbers from this power of ten on, and below its inverse, are written with an exponent. */
const LARGEST_PLAIN_POWER = 40

/** Returns the text of a number in keys, members, fields and the key index. */
export function plainNotation(text: string): string {
  const { coefficient, exponent } = decimalOf(text)
  const sign = coefficient < 0n ? '-' : ''
  const digits = String(coefficient < 0n ? -coefficient : coefficient)
  const power = digits.length - 1 + exponent
  if (coefficient !== 0n && (power >= LARGEST_PLAIN_POWER || power < -LARGEST_PLAIN_POWER)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${sign}${digits[0]}${fraction}e${power < 0 ? '-' : '+'}${Math.abs(power)}`
  }
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent)
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}
