/** Random cursors against exact references in BigInt. A failure names the seed of its case. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { compareCursors } from './cursor.ts'
import { compareCursorBytes, type CursorBytes } from './cursor-bytes.ts'

const CASES = caseCount(3_000, 200_000)

/** A whole number from 0 to one below `limit`. */
type Random = (limit: number) => number

/** A cursor's JSON text, and what it stands for. */
interface Sample {
  json: string
  value: bigint
}

it('compares numbers as their exact values compare, however they are written', () => {
  const outcomes = againstReference((random) => {
    const base = digits(random, 1 + random(22))
    return [numberNear(random, base), numberNear(random, base)]
  })
  expect(Math.min(...outcomes.values())).toBeGreaterThan(CASES / 50)
})

it('compares timestamps as their exact instants compare, however they are written', () => {
  const outcomes = againstReference((random) => {
    const base = instantOf(1 + random(9999), random(366), random(86_400), digits(random, 12))
    return [timestampNear(random, base), timestampNear(random, base)]
  })
  expect(Math.min(...outcomes.values())).toBeGreaterThan(CASES / 50)
})

it.each([false, true])('orders cursors of all kinds totally, with numeric strings: %s', (isNumeric) => {
  for (let seed = 0; seed < CASES / 50; seed++) {
    const random = randomFrom(`mixed ${seed}`)
    const cursors = Array.from({ length: 14 }, () => anyCursor(random))
    const order = cursors.map((a) => cursors.map((b) => Math.sign(compareCursors(a, b, isNumeric))))
    const orderOfBytes = cursors.map((a) => cursors.map((b) => byBytes(a, b, isNumeric)))
    expect(orderOfBytes, `seed ${seed}`).toEqual(order)
    const fail = (...at: number[]): never =>
      expect.fail(`seed ${seed}: ${at.map((index) => cursors[index]).join(' | ')}`)
    for (const a of cursors.keys())
      for (const b of cursors.keys()) {
        if (order[a]![b]! + order[b]![a]! !== 0) fail(a, b)
        for (const c of cursors.keys())
          if (order[a]![b]! <= 0 && order[b]![c]! <= 0 && order[a]![c]! > 0) fail(a, b, c)
      }
  }
})

it('compares bytes as it compares texts, where both are written in nearly the same way', () => {
  for (let seed = 0; seed < 4 * CASES; seed++) {
    const random = randomFrom(`alike ${seed}`)
    const [a, b] = similarCursors(random)
    for (const isNumeric of [false, true])
      if (byBytes(a, b, isNumeric) !== Math.sign(compareCursors(a, b, isNumeric)))
        expect.fail(`seed ${seed}: ${a} and ${b}`)
  }
})

it('compares cursors that are usual without a look at their texts', () => {
  const pairs = [
    ['9', '10'],
    ['"2024-01-31"', '"2024-02-01"'],
    ['"2024-01-31T23:59:59Z"', '"2024-02-01T00:00:00Z"'],
    ['"2024-01-31 23:59"', '"2024-01-31 23:58"'],
    ['"2024-01-31T23:59:59.123456+01:00"', '"2024-01-31T23:59:59.123457+01:00"'],
    ['"x"', '"x"'],
  ] as const
  for (const [a, b] of pairs)
    expect(Math.sign(compareCursorBytes(unreadable(a), unreadable(b), false))).toBe(
      Math.sign(compareCursors(a, b)),
    )
})

function byBytes(a: string, b: string, isNumeric = false): number {
  return Math.sign(compareCursorBytes(bytesOf(a), bytesOf(b), isNumeric))
}

/** The bytes of a cursor, of which no text can be made. */
function unreadable(json: string): CursorBytes {
  const bytes = new Uint8Array(Buffer.from(json))
  Object.defineProperty(bytes, 'buffer', { get: () => expect.fail(`${json} is read as a text`) })
  return { bytes, start: 0, end: json.length }
}

/** The bytes of a cursor, with others around them. */
function bytesOf(json: string): CursorBytes {
  const bytes = Buffer.from(`0${json}9`)
  return { bytes, start: 1, end: bytes.length - 1 }
}

/** Two numbers, or two timestamps near the ends of months, days and minutes, in the same form but for one part. */
function similarCursors(random: Random): [string, string] {
  if (random(4) === 0) return [digits(random, 1 + random(20)), digits(random, 1 + random(20))]
  const zones = ['', 'Z', 'z', '+01:00', '-23:59', '+24:00', '+0100', '+01', ' +01:00', ' BC']
  const date = [['2023', '2024', '0000', '0001'], ['-'], ['00', '01', '02', '04', '12', '13'], ['-']]
  const days = ['00', '01', '28', '29', '30', '31', '32']
  const clock = [['T', ' ', 't', 'x'], ['00', '23', '24'], [':'], ['00', '59', '60']]
  const seconds = [[':'], ['00', '59', '60', '61']]
  const fraction = [['.'], ['0', '5', '12', '99', '000', '']]
  const parts = [
    ...date,
    days,
    ...[[], clock, [...clock, ...seconds], [...clock, ...seconds, ...fraction]][random(4)]!,
  ]
  const forms = parts.length > date.length + 1 ? [...parts, zones] : parts
  const a = forms.map((some) => some[random(some.length)]!)
  const at = random(a.length)
  const b = `"${a.with(at, forms[at]![random(forms[at]!.length)]!).join('')}"`
  return [`"${a.join('')}"`, random(3) === 0 ? damaged(random, b) : b]
}

/** How often the first of a pair was lower, equal and higher. */
function againstReference(pairFrom: (random: Random) => [Sample, Sample]): Map<number, number> {
  const outcomes = new Map([-1, 0, 1].map((outcome) => [outcome, 0]))
  for (let seed = 0; seed < CASES; seed++) {
    const [a, b] = pairFrom(randomFrom(`pair ${seed}`))
    const expected = a.value < b.value ? -1 : Number(a.value > b.value)
    if (Math.sign(compareCursors(a.json, b.json)) !== expected || byBytes(a.json, b.json) !== expected)
      expect.fail(`seed ${seed}: ${a.json} and ${b.json}, expected ${expected}`)
    outcomes.set(expected, outcomes.get(expected)! + 1)
  }
  return outcomes
}

const SCALE = 60

/** The digits with a small change or none, a power of ten aside; the value is counted in 1e-60. */
function numberNear(random: Random, base: string): Sample {
  const shifts = random(3) === 0 ? random(20) - 10 : 0
  const sign = random(8) === 0 ? -1n : 1n
  const mantissa = BigInt(base) + BigInt(random(3) === 0 ? random(3) - 1 : 0)
  return {
    json: (sign < 0n ? '-' : '') + numberText(random, mantissa < 0n ? 0n : mantissa, shifts),
    value: sign * (mantissa < 0n ? 0n : mantissa) * 10n ** BigInt(SCALE + shifts),
  }
}

/** Moves the point somewhere and adjusts the exponent, or writes out all digits. */
function numberText(random: Random, mantissa: bigint, exponent: number): string {
  const padded = mantissa.toString() + '0'.repeat(random(3) === 0 ? random(4) : 0)
  const extra = padded.length - mantissa.toString().length
  const point = random(2) === 0 ? 0 : random(padded.length + 3)
  const whole = padded.padStart(point + 1, '0')
  const integer = whole.slice(0, whole.length - point).replace(/^0+(?=\d)/, '')
  const text = point === 0 ? integer : `${integer}.${whole.slice(-point)}`
  const left = exponent + point - extra
  if (left === 0 && random(4) !== 0) return text
  return `${text}${random(2) === 0 ? 'e' : 'E'}${left >= 0 && random(2) === 0 ? '+' : ''}${left}`
}

const PICOSECONDS = 10n ** 12n

function instantOf(year: number, dayOfYear: number, second: number, fraction: string): bigint {
  const start = new Date(0)
  start.setUTCFullYear(year, 0, 1)
  return BigInt(start.getTime() / 1000 + dayOfYear * 86_400 + second) * PICOSECONDS + BigInt(fraction)
}

const STEPS = [0n, 0n, 1n, 1000n, PICOSECONDS, 60n * PICOSECONDS, 3600n * PICOSECONDS, 86_400n * PICOSECONDS]

function timestampNear(random: Random, base: bigint): Sample {
  // Half of them lie on a round second, minute or day, where precision can be left out.
  const grain = [1n, 10n ** 6n, PICOSECONDS, 60n * PICOSECONDS, 86_400n * PICOSECONDS][random(5)]!
  const step = STEPS[random(STEPS.length)]! * BigInt(random(3) - 1)
  const stepped = base + step - modulo(base, grain)
  const offset = random(2) === 0 ? 0 : random(2879) - 1439
  const value = isWritable(stepped, offset) ? stepped : PICOSECONDS
  return { json: `"${timestampText(random, value, offset)}"`, value }
}

function isWritable(instant: bigint, offset: number): boolean {
  const year = new Date(Number(instant / (PICOSECONDS / 1000n)) + offset * 60_000).getUTCFullYear()
  return year >= 1 && year <= 9999
}

function timestampText(random: Random, instant: bigint, offset: number): string {
  const fraction = modulo(instant, PICOSECONDS)
  const seconds = Number((instant - fraction) / PICOSECONDS)
  const iso = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19)
  const [day, clock] = iso.split('T') as [string, string]
  if (offset === 0 && fraction === 0n && clock === '00:00:00' && random(2) === 0) return day
  const all = fraction.toString().padStart(12, '0') + '0'.repeat(random(4))
  const shortest = all.replace(/0+$/, '')
  const kept = random(2) === 0 ? all : shortest
  const isWholeMinute = fraction === 0n && clock.endsWith(':00')
  const time = isWholeMinute && random(2) === 0 ? clock.slice(0, 5) : kept === '' ? clock : `${clock}.${kept}`
  return `${day}${random(2) === 0 ? 'T' : ' '}${time}${offsetText(random, offset)}`
}

function offsetText(random: Random, offset: number): string {
  if (offset === 0 && random(4) !== 0) return ['Z', '', 'z'][random(3)]!
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60].map((range) =>
    String(range).padStart(2, '0'),
  ) as [string, string]
  const sign = offset < 0 ? '-' : '+'
  if (minutes === '00' && random(2) === 0) return sign + hours
  return `${random(4) === 0 ? ' ' : ''}${sign}${hours}${random(2) === 0 ? ':' : ''}${minutes}`
}

// Begins with the empty text.
const FIXED = String.raw`
  null true false [] {} [1] {"a":1} "" "a" "\u0061" "\uffff" "😀" "\ud83d" "10" "9" "+9.0" "1e1" "NaN" 10 9 9.0 1e400
  1e99999999999999999999 "2023-02-30" "2023-03-01" "2023-02-28T23:59:60Z" "2023-02-28T23:59:59.9" "0044-03-15BC"
  "2023-03-01T01:00+01:00" "2023-02-2x" "2023-03-01T00:00:0"`.split(/\s+/)

function anyCursor(random: Random): string {
  switch (random(4)) {
    case 0:
      return numberNear(random, String(8 + random(3))).json
    case 1:
      return timestampNear(random, instantOf(2023, 58 + random(2), random(2), '0')).json
    case 2:
      return damaged(random, FIXED[random(FIXED.length)]!)
    default:
      return FIXED[random(FIXED.length)]!
  }
}

/** A string with one character changed, so that it may stop being what it was. */
function damaged(random: Random, json: string): string {
  if (!json.startsWith('"') || json.length < 4 || json.includes('\\')) return json
  const at = 1 + random(json.length - 2)
  return json.slice(0, at) + '0159-:. ZB'[random(10)]! + json.slice(at + 1)
}

function modulo(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random(10)).join('')
}

function randomFrom(seed: string): Random {
  const bytes = createHash('shake256', { outputLength: 4096 }).update(seed).digest()
  let at = 0
  return (limit) => {
    at += 2
    return bytes.readUInt16LE(at - 2) % limit
  }
}
