/** Valid texts with random damage, JSON.parse as the judge. Each case has a seed of its own, which a failure names. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { SystemError } from '../../errors.ts'
import { Message } from '../input/message.ts'
import { Scanner } from './scanner.ts'

const CASES = caseCount(20_000, 1_000_000)
const TIMEOUT = { timeout: 600_000 }
const LF = 0x0a

const TEXTS = [
  '{"id":-7,"x":[1,-2.5e+3,0,"\\u00e9\\"\\\\",{},[]],"y":{"":null}}',
  ' { "a" : [ true , false ] , "a" : "b" }\r',
  '[[[{"k":"ü€😀"}],"\\ud83d\\ude39\\/\\b\\f\\n\\r\\t",12345678901234567890]]',
  '"a string of its own, with \\"quotes\\" and \\u0000"',
  '-120.0e-7',
  ' [0,0.0,-0,-0.1E+1,1e400,{"n":{"n":{"n":{}}}},"",[[],[[]]]] ',
].map((text) => Buffer.from(text))

const MESSAGES = [
  '{"type":"RECORD","record":{"stream":"s","namespace":null,"emitted_at":1.5e12,"data":{"id":-7,"x":[]}}}',
  '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{},"meta":{"changes":[{"field":"a"}],"x":{}}}}',
  '{ "record" : { "data" : { "a" : 1 } , "stream" : "s" , "emitted_at" : 5 } , "type" : "RECORD" }\r',
  '{"type":"STATE","state":{"type":"GLOBAL","global":{},"destinationStats":null},"id":1}',
].map((text) => Buffer.from(text))

const TOKENS = String.raw`{ } [ ] : , " \ "a": {} [] "" null true 0 1 - . e + ,1 \u \u00 \n é 😀 //`
  .split(' ')
  .concat([' ', '\t', '\r', '\n', '\f', '\0', '\u00a0'])
  .map((token) => Buffer.from(token))

/** As many lines are read in one go: more than the scanner's table takes. */
const LINES = 2_000

interface Case {
  seed: number
  line: Buffer
}

describe('random damage', () => {
  it('leaves a value that is accepted or refused as JSON.parse does', TIMEOUT, () => {
    const counts = { accepted: 0, refused: 0 }
    forEachRead(damagedValue, ({ seed, line }, data) => {
      const value = parsed(line.toString())
      counts[value === undefined ? 'refused' : 'accepted']++
      const isRead = data !== undefined
      if (isRead !== (value !== undefined) || (isRead && !isDeepStrictEqual(parsed(data), dataOf(value))))
        expect.fail(`seed ${seed}: JSON.parse: ${value !== undefined}: ${JSON.stringify(line.toString())}`)
    })
    // Both must be common, or the damage is too heavy or too light to prove anything.
    expect(counts.accepted).toBeGreaterThan(CASES / 10)
    expect(counts.refused).toBeGreaterThan(CASES / 10)
  })

  it('never leaves a message that is read though it is not JSON', TIMEOUT, () => {
    let read = 0
    forEachRead(damagedMessage, ({ seed, line }, data) => {
      if (data === undefined) return
      const text = line.toString()
      if (text.trim() !== '' && parsed(text) === undefined)
        expect.fail(`seed ${seed}: ${JSON.stringify(text)}`)
      read++
    })
    expect(read).toBeGreaterThan(CASES / 20)
  })
})

/** Calls `check` with each line that `make` makes of a seed, and with what the scanner has read of it. */
function forEachRead(
  make: (seed: number) => Buffer | undefined,
  check: (line: Case, data: string | undefined) => void,
): void {
  const scanner = new Scanner(1 << 20)
  for (let first = 0; first < CASES; first += LINES) {
    const cases: Case[] = []
    for (let seed = first; seed < first + LINES; seed++) {
      const line = make(seed)
      if (line !== undefined) cases.push({ seed, line })
    }
    const read = readLines(
      scanner,
      cases.map(({ line }) => line),
    )
    expect(read.length).toBe(cases.length)
    for (const [index, one] of cases.entries()) check(one, read[index])
  }
}

/** Returns the data of each record, an empty text for other messages, and undefined for a line that is refused. */
function readLines(scanner: Scanner, lines: readonly Buffer[]): (string | undefined)[] {
  const read: (string | undefined)[] = []
  const message = new Message()
  let at = scanner.inputStart
  const end = at + Buffer.concat(lines).copy(scanner.bytes, at)
  while (at < end) {
    const rows = scanner.scan(at, end)
    for (let row = 0; row < rows; row++) read.push(takenFrom(scanner, row, message))
    at = scanner.position
    if (scanner.failure === undefined) continue
    read.push(undefined)
    at = scanner.bytes.indexOf(LF, at) + 1
  }
  return read
}

function takenFrom(scanner: Scanner, row: number, message: Message): string | undefined {
  try {
    message.take(scanner, row)
  } catch (error) {
    if (error instanceof SystemError) return undefined
    throw error
  }
  const { kind, data } = message
  return kind === 'record' ? scanner.bytes.toString('utf8', data.start, data.end) : ''
}

/** Returns a record whose data are damaged; undefined where they are no UTF-8. */
function damagedValue(seed: number): Buffer | undefined {
  const bytes = damaged(TEXTS, seed)
  if (!isUtf8(bytes)) return undefined
  const record = `{"stream":"s","emitted_at":1,"data":{"v":${bytes.toString()}}}`
  // A line feed in it ends the line.
  const [line] = `{"type":"RECORD","record":${record}}`.split('\n') as [string]
  return Buffer.from(`${line}\n`)
}

/** Returns a damaged message; undefined where it is no UTF-8, or no longer one line. */
function damagedMessage(seed: number): Buffer | undefined {
  const bytes = Buffer.concat([damaged(MESSAGES, seed), Buffer.of(LF)])
  return isUtf8(bytes) && bytes.indexOf(LF) === bytes.length - 1 ? bytes : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns the data of what JSON.parse has read; undefined where it has refused the line. */
function dataOf(value: unknown): unknown {
  return (value as { record: { data: unknown } } | undefined)?.record.data
}

/** One of the texts with one to three changes, the same ones for the same seed. */
function damaged(texts: readonly Buffer[], seed: number): Buffer {
  const random = randomFrom(seed)
  let bytes = texts[random(texts.length)]!
  for (let changes = 1 + random(3); changes > 0; changes--) bytes = changed(bytes, random)
  return bytes
}

function changed(bytes: Buffer, random: Random): Buffer {
  const from = random(bytes.length + 1)
  const to = Math.min(bytes.length, from + random(8))
  const [head, part, tail] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)]
  const next = tail.subarray(0, 1)
  const token = TOKENS[random(TOKENS.length)]!
  const ways = [
    [head, Buffer.of(random(256)), bytes.subarray(from + 1)],
    [head, Buffer.of(random(128)), part, tail],
    [head, part.subarray(1), tail],
    [head, tail],
    [head, next, part, tail.subarray(1)],
    [head, part, part, tail],
    [head, token, part, tail],
    [head, token, tail],
  ]
  return Buffer.concat(ways[random(ways.length)]!)
}

/** Gives whole numbers from 0 to below the one it is given. */
type Random = (below: number) => number

function randomFrom(seed: number): Random {
  const bytes = createHash('shake256', { outputLength: 128 }).update(String(seed)).digest()
  let at = 0
  return (below) => bytes.readUInt32LE(4 * (at++ % 32)) % below
}
