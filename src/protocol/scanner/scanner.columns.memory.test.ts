/** Most records have few columns, for which there is always room; for others it is made behind the input. */
import { describe, expect, it } from 'vitest'
import { Columns } from '../columns/columns.ts'
import { Scanner } from './scanner.ts'

const MIB = 1 << 20

describe('room for columns', () => {
  it.each([511, 512, 513, 1_024, 1_025, 100_000])('is there for %i of them', (count) => {
    const scanner = new Scanner(4 * MIB)
    const before = scanner.capacity
    expect(columnsFound(scanner, recordOf(count))).toBe(count)
    expect(scanner.capacity).toBeGreaterThanOrEqual(before)
    expect(columnsFound(scanner, recordOf(1))).toBe(1)
  })

  it('is not taken from the input, nor from the table of lines', () => {
    const scanner = new Scanner(MIB)
    const record = recordOf(20_000)
    const line = Buffer.from(`{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":${record}}}\n`)
    const size = scanner.capacity
    for (const added of [0, 3 * MIB, 0, 20 * MIB]) {
      scanner.reserve(size + added)
      const { inputStart, capacity } = scanner
      expect(capacity).toBeGreaterThanOrEqual(size + added)
      // The record is the last of the input, which fills all of its room.
      scanner.bytes.fill('x', inputStart, inputStart + capacity)
      const start = inputStart + capacity - line.length
      line.copy(scanner.bytes, start)
      expect(scanner.scan(start, inputStart + capacity)).toBe(1)
      const [table, reader] = [[...scanner.table.subarray(0, 24)], Buffer.from(inputOf(scanner, capacity))]

      const data = start + line.indexOf(record)
      expect(foundAt(scanner, data, data + record.length)).toBe(20_000)

      expect(inputOf(scanner, capacity).equals(reader)).toBe(true)
      expect([...scanner.table.subarray(0, 24)]).toEqual(table)
      expect(scanner.scan(start, inputStart + capacity)).toBe(1)
    }
  })

  it('stays where the memory grows for a long line afterwards', () => {
    const scanner = new Scanner(MIB)
    for (const [rows, reader] of [
      [600, 2 * MIB],
      [2_000, 5 * MIB],
      [1_000, 6 * MIB],
      [70_000, 9 * MIB],
      [10, 10 * MIB],
    ] as const) {
      expect(columnsFound(scanner, recordOf(rows))).toBe(rows)
      const { capacity } = scanner
      expect(capacity).toBeLessThan(reader)
      scanner.reserve(reader)
      expect(scanner.capacity).toBeGreaterThanOrEqual(reader)
      expect(scanner.capacity).toBeLessThan(reader + 65_536)
      expect(columnsFound(scanner, recordOf(rows))).toBe(rows)
    }
  })

  it('is not made for what is nested in arrays, or stands in strings', () => {
    const scanner = new Scanner(4 * MIB)
    const before = scanner.bytes.length
    const [members, rest] = [recordOf(600).slice(1, -1), '{"a":[{"b":":"}]},'.repeat(50_000)]
    const record = `{"a":[${rest}0],"b":"${':'.repeat(50_000)}","c":{${members}},${members}}`
    const start = scanner.inputStart
    expect(scanner.columns(start, start + scanner.bytes.write(record, start))).toBe(1_203)
    // It is 56 bytes a column, in pages of 64 KiB.
    expect(scanner.bytes.length - before).toBe(2 * 65_536)
  })

  it('is made only once for records that need as much', () => {
    const scanner = new Scanner(4 * MIB)
    columnsFound(scanner, recordOf(3_000))
    const { bytes } = scanner
    columnsFound(scanner, recordOf(3_000))
    columnsFound(scanner, recordOf(10))
    expect(scanner.bytes).toBe(bytes)
    columnsFound(scanner, recordOf(3_001))
    expect(scanner.bytes).not.toBe(bytes)
  })
})

/** How many columns are found in the first input, all of which have the right names and values. */
function columnsFound(scanner: Scanner, record: string): number {
  const start = scanner.inputStart
  return foundAt(scanner, start, start + scanner.bytes.write(record, start))
}

function foundAt(scanner: Scanner, start: number, end: number): number {
  const columns = new Columns()
  columns.read(scanner, start, end)
  expect(columns.bytes).toBe(scanner.bytes)
  for (let row = 0; row < columns.count; row++) {
    const name = columns.bytes.toString('utf8', columns.nameStart(row), columns.nameEnd(row))
    const value = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
    if (name !== `c${row}` || value !== String(row) || columns.next(row) !== row + 1)
      expect.fail(`row ${row} is ${name}: ${value}`)
  }
  return columns.count
}

function recordOf(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"c${index}":${index}`).join(',')}}`
}

function inputOf({ bytes, inputStart }: Scanner, size: number): Buffer {
  return bytes.subarray(inputStart, inputStart + size)
}
