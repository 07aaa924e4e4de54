import { beforeEach, describe, expect, it } from 'vitest'
import type { RecordView } from '../../layout/encoding/layout.ts'
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import { compilePath } from '../../protocol/columns/columns.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { Batch } from './batch.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { addRecord, batchOf, emptyBatch, recordsOf, stateNamed } from './batches.support.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'

const sessions = sessionsFor([stream('a'), stream('b')])
const [a, b] = sessions as [StreamSession, StreamSession]
const LIMITS = { records: 1000, bytes: 65_536 }
const NONE = { records: 0, filtered: 0, nulled: 0 }
let reader: MessageReader
beforeEach(() => {
  reader = new MessageReader()
})

describe('the records of a batch', () => {
  it('are laid out in the order they came, those of the streams that are chosen', () => {
    const batch = batchOf(sessions, [
      [a, '{"n":1}'],
      [b, '{"n":2}'],
      [a, '{"n":3}'],
    ])
    expect(shown(batch)).toEqual(['n.a 5 {"n":1}', 'n.b 5 {"n":2}', 'n.a 5 {"n":3}'])
    const records: number[] = []
    batch.encodeEach(
      (session) => session === a,
      (_, __, record) => records.push(record),
    )
    expect(records).toEqual([0, 2])
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
    const batch = batchOf(sessions, [[a, data]])
    expect(shown(batch)).toEqual([`n.a 5 ${kept}`])
    expect(batch.dataOf(0).toString()).toBe(kept)
  })

  it.each([
    ['1700000000000', '1700000000000'],
    ['1700000000000.7', '1700000000000'],
    ['1.7e12', '1700000000000'],
    ['1700000000.5', '1700000000'],
    ['-1700000000', '-1700000000'],
    ['99999999', '99999999'],
    ['100000000000', '100000000000'],
  ])('keep the integer part of their emission time: %s', (emittedAt, kept) => {
    const batch = emptyBatch(sessions, LIMITS)
    expect(addRecord(batch, a, '{}', reader, emittedAt)).toBe(false)
    expect(shown(batch)).toEqual([`n.a ${kept} {}`])
  })

  it.each([
    ['100000000', '100000000000'],
    ['1700000000', '1700000000000'],
    ['1700000000.0', '1700000000000'],
    ['1.7e9', '1700000000000'],
    ['99999999999', '99999999999000'],
  ])('have an emission time in milliseconds where it came in seconds: %s', (emittedAt, kept) => {
    const batch = emptyBatch(sessions, LIMITS)
    expect(addRecord(batch, a, '{"n":1}', reader, emittedAt)).toBe(true)
    expect(addRecord(batch, b, '{"n":2}', reader, emittedAt)).toBe(true)
    expect(shown(batch)).toEqual([`n.a ${kept} {"n":1}`, `n.b ${kept} {"n":2}`])
  })

  it('are counted by stream', () => {
    const batch = batchOf(
      sessions,
      [a, b, a].map((session) => [session, '{}']),
    )
    expect(batch.records).toBe(3)
    expect([...batch.countByStream()]).toEqual([
      [a, 2],
      [b, 1],
    ])
    expect([...batchOf(sessions, [[b, '{}']]).countByStream()]).toEqual([[b, 1]])
  })

  it('know their stream, their line and their data', () => {
    reader.append(Buffer.from('\n\n'))
    expect([reader.next(), reader.next()]).toEqual([true, true])
    const batch = batchOf(
      sessions,
      [
        [b, '{"n": 1}'],
        [a, '{"n": 2}'],
      ],
      reader,
    )
    const known = [0, 1].map((record) => [
      batch.streamOf(record),
      batch.lineOf(record),
      batch.dataOf(record).toString(),
    ])
    expect(known).toEqual([
      [b, 3, '{"n":1}'],
      [a, 4, '{"n":2}'],
    ])
  })

  it('are found again by the group they were laid out in', () => {
    const batch = batchOf(sessions, recordsOf(a, Array<string>(5).fill('{}')))
    const groups = [7, 8, 7, NO_GROUP, 7]
    batch.encodeEach(
      () => true,
      (_, __, record) => groups[record]!,
    )
    const found = batch.recordsByGroup()
    expect([7, 8, NO_GROUP, 9].map((group) => found.get(group))).toEqual([[0, 2, 4], [1], [3], undefined])
  })

  it('may be far more, and far larger, than the limits have it', () => {
    reader = new MessageReader(8 << 20)
    const batch = emptyBatch(sessions, { records: 10, bytes: 1024 })
    const sizes = Array.from({ length: 5_000 }, (_, index) => (index === 2_500 ? 3_000_000 : index % 50))
    const data = sizes.map((size, index) => `{"${index}":"${'x'.repeat(size)}"}`)
    for (const text of data) addRecord(batch, a, text, reader)
    expect(shown(batch)).toEqual(data.map((text) => `n.a 5 ${text}`))
  })
})

describe('the columns of a record', () => {
  const options = { streams: [{ stream: 'b', data_format: 'flat' }] }
  const [airbyte, flat] = sessionsFor([stream('a'), stream('b')], options) as [StreamSession, StreamSession]

  it('are there when they have been read', () => {
    const batch = batchOf(
      [airbyte, flat],
      [
        [flat, '{ "id" : "x1", "more": {"n" : 2 } }'],
        [airbyte, '{"id":"x2"}'],
        [flat, '{"id":"x3"}'],
      ],
    )
    const paths = ['id', 'more.n'].map(compilePath)
    const found: (string | undefined)[][] = []
    batch.encodeEach(
      (session) => session === flat,
      (_, view) => {
        batch.readColumns(view)
        const { columns } = view
        return found.push(
          paths.map((path) => {
            const row = columns.find(path)
            const range = [columns.valueStart(row), columns.valueEnd(row)]
            return row === -1 ? undefined : columns.bytes.toString('utf8', ...range)
          }),
        )
      },
    )
    expect(found).toEqual([
      ['"x1"', '2'],
      ['"x3"', undefined],
    ])
  })

  it('may be so many that the memory they are read into grows, and the records stay readable', () => {
    const many = `{${Array.from({ length: 200_000 }, (_, index) => `"c${index}":1`).join(',')}}`
    const records = [
      [airbyte, '{"n":1}'],
      [flat, many],
      [airbyte, '{"n":3}'],
    ] as const
    const batch = batchOf([airbyte, flat], records, new MessageReader(4 << 20))
    expect(shown(batch)).toEqual(['n.a 5 {"n":1}', `n.b 5 ${many}`, 'n.a 5 {"n":3}'])
    expect([0, 1, 2].map((record) => batch.dataOf(record).toString())).toEqual(
      records.map(([, data]) => data),
    )
  })
})

describe('the states of a batch', () => {
  it('know whose they are, what came before them, and how many records of the batch', () => {
    const batch = emptyBatch(sessions, LIMITS)
    const [first, second] = [stateNamed('first'), stateNamed('second')]
    batch.addState(first, undefined, { records: 9, filtered: 4, nulled: 0 })
    addRecord(batch, a, '{}', reader)
    addRecord(batch, b, '{}', reader)
    batch.addState(second, a.plan, { records: 1, filtered: 0, nulled: 0 })
    expect(batch.states).toEqual([
      { state: first, plan: undefined, after: 0, received: { records: 9, filtered: 4, nulled: 0 } },
      { state: second, plan: a.plan, after: 2, received: { records: 1, filtered: 0, nulled: 0 } },
    ])
  })
})

describe('a batch', () => {
  it('is empty until a record or a state comes', () => {
    expect(emptyBatch(sessions, LIMITS).isEmpty).toBe(true)
    const withRecord = batchOf(sessions, [[a, '{}']])
    const withState = emptyBatch(sessions, LIMITS)
    withState.addState(stateNamed('s'), undefined, NONE)
    expect([withRecord.isEmpty, withState.isEmpty]).toEqual([false, false])
  })

  it('is full by its records', () => {
    const batch = emptyBatch(sessions, { records: 3, bytes: 65_536 })
    const seen = [1, 2, 3].map(() => {
      addRecord(batch, a, '{}', reader)
      return batch.isFull
    })
    expect(seen).toEqual([false, false, true])
  })

  it('is full by its bytes, those of states included', () => {
    const batch = emptyBatch(sessions, { records: 1000, bytes: 1024 })
    addRecord(batch, a, `{"s":"${'x'.repeat(600)}"}`, reader)
    expect(batch.isFull).toBe(false)
    batch.addState(stateNamed('s', 300), undefined, NONE)
    expect(batch.isFull).toBe(false)
    batch.addState(stateNamed('s', 100), undefined, NONE)
    expect(batch.isFull).toBe(true)
  })

  it('keeps its records where they are until it is released', () => {
    const batch = batchOf(sessions, [[a, '{"n":1}']], reader)
    const { block } = reader
    addRecord(batch, a, '{"n":2}', reader)
    for (let round = 0; round < 50; round++) reader.append(Buffer.from(`${'x'.repeat(60_000)}\n`))
    expect(reader.block).not.toBe(block)
    expect(shown(batch)).toEqual(['n.a 5 {"n":1}', 'n.a 5 {"n":2}'])
    batch.release()
    batch.release()
    expect(block.isShared).toBe(false)
  })

  it('is not mixed up with those before it, whose memory it may use', () => {
    const tables = new BufferPool(1 << 20)
    const earlier = Array.from({ length: 3 }, () =>
      batchOf(sessions, recordsOf(a, ['{"n":1}', '{"n":2}']), new MessageReader(), tables),
    )
    for (const batch of earlier) {
      shown(batch)
      batch.dispose()
    }
    const batches = [4, 5].map((n) => batchOf(sessions, [[b, `{"n":${n}}`]], new MessageReader(), tables))
    expect(batches.map(shown)).toEqual([['n.b 5 {"n":4}'], ['n.b 5 {"n":5}']])
  })

  it('keeps nothing for its states', () => {
    const batch = emptyBatch(sessions, LIMITS)
    batch.addState(stateNamed('s'), a.plan, NONE)
    expect(reader.block.isShared).toBe(false)
    expect(shown(batch)).toEqual([])
  })
})

/** Its records as they are laid out: stream, emission time and data. */
function shown(batch: Batch): string[] {
  const texts: string[] = []
  batch.encodeEach(
    () => true,
    (session, view) => texts.push(`${session.plan.name} ${textOf(view)}`),
  )
  return texts
}

function textOf({ bytes, emittedAtStart, emittedAtEnd, dataStart, dataEnd }: RecordView): string {
  return `${bytes.toString('utf8', emittedAtStart, emittedAtEnd)} ${bytes.toString('utf8', dataStart, dataEnd)}`
}
