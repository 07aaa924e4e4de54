/** Valid texts with random damage, JSON.parse as the judge. Each case has a seed of its own, which a failure names. */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { SystemError } from '../../errors.ts'
import { MessageReader } from '../input/message-reader.ts'

/** A small block is made in less time. */
const SMALL = 1 << 12

const CASES = caseCount(2_000, 1_000_000)
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

/** As many lines are read in one go at most: more than the scanner's table takes. */
const MOST_LINES = 2_000

interface Case {
  seed: number
  line: string
  /** What JSON.parse makes of the line; undefined if it refuses. */
  value: unknown
}

describe('random damage', () => {
  it('leaves a value that is accepted or refused as JSON.parse does', TIMEOUT, () => {
    const counts = { accepted: 0, refused: 0 }
    let cases: Case[] = []
    for (let seed = 0; seed < CASES; seed++) {
      const bytes = damaged(TEXTS, seed)
      if (!isUtf8(bytes)) continue
      const record = `{"stream":"s","emitted_at":1,"data":{"v":${bytes.toString()}}}`
      // A line feed in it ends the line.
      const [line] = `{"type":"RECORD","record":${record}}`.split('\n') as [string]
      const value = parsed(line)
      cases.push({ seed, line, value })
      counts[value === undefined ? 'refused' : 'accepted']++
      if (value !== undefined && cases.length < MOST_LINES) continue
      classify(cases)
      cases = []
    }
    classify(cases)
    // Both must be common, or the damage is too heavy or too light to prove anything.
    expect(counts.accepted).toBeGreaterThan(CASES / 10)
    expect(counts.refused).toBeGreaterThan(CASES / 10)
  })

  it('never leaves a message that is read though it is not JSON', TIMEOUT, () => {
    let reader = new MessageReader(SMALL)
    let read = 0
    for (let seed = 0; seed < CASES; seed++) {
      const bytes = Buffer.concat([damaged(MESSAGES, seed), Buffer.of(LF)])
      if (!isUtf8(bytes) || bytes.indexOf(LF) !== bytes.length - 1) continue
      reader.append(bytes)
      if (reads(reader)) {
        const text = bytes.toString()
        if (text.trim() !== '' && parsed(text) === undefined)
          expect.fail(`seed ${seed}: ${JSON.stringify(text)}`)
        read++
      } else reader = new MessageReader(SMALL)
    }
    expect(read).toBeGreaterThan(CASES / 20)
  })
})

/** Reads the cases' lines, of which only the last may be refused, as an error is the end of an input. */
function classify(cases: readonly Case[]): void {
  const reader = new MessageReader(SMALL)
  reader.append(Buffer.from(cases.map(({ line }) => `${line}\n`).join('')))
  for (const { seed, line, value } of cases)
    if (reads(reader) ? !isDeepStrictEqual(dataIn(reader), dataOf(value)) : value !== undefined)
      expect.fail(`seed ${seed}: JSON.parse: ${value !== undefined}: ${JSON.stringify(line)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function reads(reader: MessageReader): boolean {
  try {
    return reader.next()
  } catch (error) {
    if (error instanceof SystemError) return false
    throw error
  }
}

function dataIn({ bytes, message }: MessageReader): unknown {
  return JSON.parse(bytes.toString('utf8', message.data.start, message.data.end))
}

/** No data has the value null, which is what a refused line gives. */
function dataOf(value: unknown): unknown {
  return (value as { record: { data: unknown } } | undefined)?.record.data ?? null
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
