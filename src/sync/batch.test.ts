import { beforeEach, describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { Input } from '../protocol/input.ts'
import { CommandBuffer } from '../redis/resp.ts'
import { Batch } from './batch.ts'
import type { IdRange } from './ids.ts'
import { planStreams, type StreamPlan } from './plan.ts'

const { config } = parseConfig('{"host":"h"}', {})
const plans = planStreams(
  [
    { namespace: 'n', name: 'a', mode: 'append' },
    { namespace: 'n', name: 'b', mode: 'append' },
  ],
  config,
)
const [a, b] = plans as [StreamPlan, StreamPlan]
let input: Input
beforeEach(() => {
  input = new Input()
})
const LIMITS = { records: 1000, bytes: 65_536 }

describe('the records of a batch', () => {
  it('are laid out in the order they came, each stream with ids of its own', () => {
    const batch = new Batch(LIMITS, plans)
    add(batch, a, '{"n":1}')
    add(batch, b, '{"n":2}')
    add(batch, a, '{"n":3}')
    add(batch, a, '{"n":4}')
    const ids = new Map([
      [
        a,
        [
          { first: 9, last: 10 },
          { first: 12, last: 40 },
        ],
      ],
      [b, [{ first: 100, last: 100 }]],
    ])
    expect(laidOut(batch, ids)).toEqual([
      ['HMSET', 'n:a:9', '_airbyte_ab_id', '9', '_airbyte_emitted_at', '5', '_airbyte_data', '{"n":1}'],
      ['HMSET', 'n:b:100', '_airbyte_ab_id', '100', '_airbyte_emitted_at', '5', '_airbyte_data', '{"n":2}'],
      ['HMSET', 'n:a:10', '_airbyte_ab_id', '10', '_airbyte_emitted_at', '5', '_airbyte_data', '{"n":3}'],
      ['HMSET', 'n:a:12', '_airbyte_ab_id', '12', '_airbyte_emitted_at', '5', '_airbyte_data', '{"n":4}'],
    ])
  })

  it.each([
    ['{ "a" : [ 1 , "b  c" ] }', '{"a":[1,"b  c"]}'],
    [
      '{"id":12345678901234567890,"x":1.0,"y":1e400,"s":"\\u2028 \\u0000"}',
      '{"id":12345678901234567890,"x":1.0,"y":1e400,"s":"\\u2028 \\u0000"}',
    ],
    ['{"ü":"€😀"}', '{"ü":"€😀"}'],
    ['{}', '{}'],
  ])('keep their data as it was sent, without white space: %s', (data, kept) => {
    const batch = new Batch(LIMITS, plans)
    add(batch, a, data)
    expect(laidOut(batch, idsFrom(1)).map((command) => command.at(-1))).toEqual([kept])
  })

  it.each([
    ['1700000000000', '1700000000000'],
    ['1700000000000.7', '1700000000000'],
    ['1.7e12', '1700000000000'],
  ])('keep the integer part of their emission time: %s', (emittedAt, kept) => {
    const batch = new Batch(LIMITS, plans)
    add(batch, a, '{}', emittedAt)
    expect(laidOut(batch, idsFrom(1))[0]?.[5]).toBe(kept)
  })

  it('are counted by stream', () => {
    const batch = new Batch(LIMITS, plans)
    for (const plan of [a, b, a]) add(batch, plan, '{}')
    expect(batch.records).toBe(3)
    expect([...batch.countByStream()]).toEqual([
      [a, 2],
      [b, 1],
    ])
  })

  it('may be far more, and far larger, than the limits have it', () => {
    input = new Input(8 << 20)
    const batch = new Batch({ records: 10, bytes: 1024 }, plans)
    const sizes = Array.from({ length: 5_000 }, (_, index) => (index === 2_500 ? 3_000_000 : index % 50))
    const data = sizes.map((size, index) => `{"${index}":"${'x'.repeat(size)}"}`)
    for (const text of data) add(batch, a, text)
    const commands = laidOut(batch, idsFrom(1))
    expect(commands.map(([, key]) => key)).toEqual(sizes.map((_, index) => `n:a:${index + 1}`))
    expect(commands.map((command) => command.at(-1))).toEqual(data)
  })
})

describe('a batch', () => {
  it('is empty until a record or a state comes', () => {
    expect(new Batch(LIMITS, plans).isEmpty).toBe(true)
    const withRecord = new Batch(LIMITS, plans)
    add(withRecord, a, '{}')
    const withState = new Batch(LIMITS, plans)
    withState.addState(Buffer.from('{}\n'))
    expect([withRecord.isEmpty, withState.isEmpty]).toEqual([false, false])
  })

  it('is full by its records', () => {
    const batch = new Batch({ records: 3, bytes: 65_536 }, plans)
    const seen = [1, 2, 3].map(() => {
      add(batch, a, '{}')
      return batch.isFull
    })
    expect(seen).toEqual([false, false, true])
  })

  it('is full by its bytes, those of states included', () => {
    const batch = new Batch({ records: 1000, bytes: 1024 }, plans)
    add(batch, a, `{"s":"${'x'.repeat(600)}"}`)
    expect(batch.isFull).toBe(false)
    batch.addState(Buffer.alloc(300))
    expect(batch.isFull).toBe(false)
    batch.addState(Buffer.alloc(100))
    expect(batch.isFull).toBe(true)
  })

  it.each([1, 9_000_000_000_000_000])('has a size that its commands fit in with ids from %i on', (first) => {
    const batch = new Batch(LIMITS, plans)
    add(batch, a, '{ }', '-9e20')
    add(batch, a, `{"s":"${'x'.repeat(70_000)}"}`, '1.7e12')
    const out = new CommandBuffer(Buffer.alloc(batch.size))
    const { bytes } = out
    batch.layOut(out, idsFrom(first))
    expect(out.bytes).toBe(bytes)
    expect(out.length).toBeGreaterThan(batch.size - 2 * 120)
  })

  it('keeps its records where they are until it is released', () => {
    const batch = new Batch(LIMITS, plans)
    add(batch, a, '{"n":1}')
    const { block } = input
    add(batch, a, '{"n":2}')
    for (let round = 0; round < 50; round++) input.append(Buffer.from(`${'x'.repeat(60_000)}\n`))
    expect(input.block).not.toBe(block)
    expect(laidOut(batch, idsFrom(1)).map((command) => command.at(-1))).toEqual(['{"n":1}', '{"n":2}'])
    batch.release()
    batch.release()
    expect(block.isShared).toBe(false)
  })

  it('keeps nothing for its states', () => {
    const batch = new Batch(LIMITS, plans)
    batch.addState(Buffer.from('{}\n'))
    expect(input.block.isShared).toBe(false)
  })
})

function add(batch: Batch, plan: StreamPlan, data: string, emittedAt = '5'): void {
  const line = `{"type":"RECORD","record":{"stream":"s","data":${data},"emitted_at":${emittedAt}}}\n`
  input.append(Buffer.from(line))
  expect(input.next()).toBe(true)
  batch.addRecord(plan, input.block, input.message)
}

function idsFrom(first: number): Map<StreamPlan, IdRange[]> {
  return new Map([[a, [{ first, last: first + 1_000_000 }]]])
}

/** The commands of a batch, each as its arguments. */
function laidOut(batch: Batch, ids: Map<StreamPlan, IdRange[]>): string[][] {
  const out = new CommandBuffer(Buffer.alloc(0))
  batch.layOut(out, ids)
  expect(out.commands).toBe(batch.records)
  const text = out.bytes.toString('utf8', 0, out.length)
  return text
    .split('*8\r\n')
    .slice(1)
    .map((command) => command.split('\r\n').filter((_, line) => line % 2 === 1))
}
