/** Names and heads of lines are expected again: what a scanner has read before must not change what it finds. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { Field } from './scan-tables.ts'
import { Scanner } from './scanner.ts'

const CASES = caseCount(200, 20_000)
const LINES_OF_CASE = 12

/** Lines are put together from these heads, data, ends and damage. */
const PARTS = [
  '{"type":"RECORD","record":{"stream":"s","data":',
  '{"type":"RECORD","record":{"namespace":"n","stream":"s","data":',
  '{"record":{"stream":"s","data":',
  '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":',
  '{"type":"RECORD","record":{"meta":{"changes":[1]},"stream":"t","data":',
  '{"type":"RECORD","record":{"stream":7,"data":',
  '{"type":"RECORD","record":{"stream":"s","data" :',
  '{"type":"RECORD","record":{"stream":"s","d\\u0061ta":',
  '{"type":"STATE","state":{"destinationStats":{}},"record":{"data":',
  '{"id":1,"name":"x","a":-0.5e3}',
  '{"id": 12345678901234567890,"name":"\\n"}',
  '{"id":1,"name":"x","a_name_of_32_bytes_with_quotes":1,"a_name_of_32_bytes_with_quotez":2}',
  '{"id":1,"name":{"id":1,"name":[{"id":1},{"id":2}]}}',
  '{"id":1,"n\\u0061me":"x","aa":1,"bb":2,"":3}',
  '{"id" :1,"name":null}',
  // More names than are kept.
  `{${Array.from({ length: 300 }, (_, column) => `"c${column}":${column}`).join(',')}}`,
  '[]',
  'null',
  ',"emitted_at":1}}',
  ',"emitted_at":1.5e12,"stream":"u"}}',
  ',"emitted_at":1,"data":{"id":2},"namespace":null},"type":"RECORD"}',
  ',"emitted_at":1},"record":{"stream":"v","data":{"id":1},"emitted_at":2}}',
  '}}',
  '}',
  '',
  ',"name":1',
  '"',
].map((text) => Buffer.from(text))
const [HEADS, DATA, ENDS] = [9, 9, 5]

it('a line is read in the same way, whatever was read before it', { timeout: 600_000 }, () => {
  let [complete, refused] = [0, 0]
  for (let seed = 0; seed < CASES; seed++) {
    const random = randomFrom(seed)
    const used = new Scanner(1 << 14)
    // Heads and data that come again and again, as one stream has them.
    const favourites = Array.from({ length: 3 }, () => randomLine(random))
    for (let line = 0; line < LINES_OF_CASE; line++) {
      const bytes = random(3) === 0 ? randomLine(random) : damaged(favourites[random(3)]!, random)
      const start = used.inputStart + random(1 << 10)
      const found = rowOf(used, bytes, start)
      if (line === 0) continue
      expect(found, `seed ${seed}, line ${line}: ${bytes.toString('utf8', 0, 300)}`).toEqual(
        rowOf(new Scanner(1 << 14), bytes, start),
      )
      if (found.failure === undefined) complete++
      else refused++
    }
  }
  expect(complete).toBeGreaterThan(CASES)
  expect(refused).toBeGreaterThan(CASES)
})

it('the hash of a record depends on its names alone, wherever they are', () => {
  const scanner = new Scanner(1 << 14)
  const lines = [
    '{"record":{"stream":"a","namespace":"n","data":{}}}',
    '{"record":{"data":{},"stream":"a","namespace":"n"}}',
    '{"record":{"stream":"b","namespace":"n","data":{},"stream":"a"}}',
    '{"record":{"stream":"a","namespace":"m","data":{},"namespace":"n"}}',
    '{"record":{"stream":"a","namespace":"n","data":{},"id":1}}',
    '{"record":{"data":{},"stream":"b","namespace":"n"}}',
    '{"record":{"stream":"a","data":{}}}',
  ]
  const hashes = lines.map((line) => rowOf(scanner, Buffer.from(line), scanner.inputStart).row[Field.hash]!)
  expect(new Set(hashes.slice(0, 5)).size).toBe(1)
  expect(new Set(hashes).size).toBe(3)
})

/** Returns what the scanner finds in one line. */
function rowOf(scanner: Scanner, line: Buffer, start: number) {
  line.copy(scanner.bytes, start)
  scanner.bytes[start + line.length] = 0x0a
  const rows = scanner.scan(start, start + line.length + 1)
  const { failure } = scanner
  return { rows, row: [...scanner.table.subarray(0, scanner.rowLength)], failure }
}

function randomLine(random: Random): Buffer {
  return Buffer.concat([
    PARTS[random(HEADS)]!,
    PARTS[HEADS + random(DATA)]!,
    PARTS[HEADS + DATA + random(ENDS)]!,
  ])
}

/** Mostly leaves a line as it is. */
function damaged(line: Buffer, random: Random): Buffer {
  if (random(3) > 0) return line
  const at = random(line.length)
  const part = PARTS[random(PARTS.length)]!
  return Buffer.concat([
    line.subarray(0, at),
    random(2) === 0 ? part : Buffer.alloc(0),
    line.subarray(at + random(3)),
  ])
}

type Random = (below: number) => number

function randomFrom(seed: number): Random {
  const bytes = createHash('shake256', { outputLength: 512 }).update(String(seed)).digest()
  let at = 0
  return (below) => bytes.readUInt32LE(4 * (at++ % 128)) % below
}
