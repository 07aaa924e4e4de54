import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { Batch } from '../batches/batch.ts'
import { addRecord, batchOf, emptyBatch, recordsOf } from '../batches/batches.support.ts'
import { firstPerRow, latestPerRow } from './latest-per-row.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, sessionWith, stream } from '../streams/stream-sessions.support.ts'
import type { IndexEntries } from '../rows/index-entries.ts'
import { shownEntries, type ShownEntry } from './row-trackers.support.ts'

const KEYED = { key_template: 'k:${id}' }
const DEDUP: Partial<SyncStream> = {
  mode: 'append_dedup',
  primaryKey: [['id']],
  cursor: { path: 'a.v', isNumeric: false },
}

describe('the last word on a row', () => {
  it.each([
    ['alone', ['{"id":1}'], ['k:1 @5 ""']],
    ['with its cursor as it was sent', ['{"id":1,"a":{"v":1.50}}'], ['k:1 @5 "1.50"']],
    ['with a cursor of many bytes', ['{"id":1,"a":{"v":"ü 😀 !"}}'], [String.raw`k:1 @5 "\"ü 😀 !\""`]],
    ['without a cursor where that is null', ['{"id":1,"a":{"v":null}}'], ['k:1 @5 ""']],
    ['on each row', ['{"id":1}', '{"id":"ü"}'], ['k:1 @5 ""', 'k:ü @5 ""']],
    ['that it is gone', ['{"id":1,"_ab_cdc_deleted_at":7}'], ['k:1 @5 "" gone']],
    ['none where it has no place', ['{"id":null}', '{}'], []],
  ])('is noted: %s', (_, data, expected) => {
    const session = sessionWith(KEYED, DEDUP)
    const { entries, older } = latestPerRow(batchOf([session], recordsOf(session, data)), session, 12)
    expect(shownEntries(entries).map(textOf)).toEqual(expected)
    expect(older).toEqual([])
    expect(shownEntries(entries).every((entry) => entry.run === 12)).toBe(true)
  })

  it.each([
    [[[3], [1], [2]], 0],
    [[[1], [3], [2]], 1],
    [[[1], [2], [3]], 2],
    [[[2], [2], [1]], 1],
    [[[null], [1], [null]], 1],
    [
      [
        [2, 9],
        [2, 8],
        [1, 10],
      ],
      0,
    ],
    [
      [
        [2, 8],
        [2, 9],
        [2, 9],
      ],
      2,
    ],
    [[['"2024-01-01T00:00:00Z"'], ['"2024-01-01T00:30:00+01:00"'], ['"2023"']], 0],
  ] as [(number | string | null)[][], number][])('is that of the newest record: %j', (versions, newest) => {
    const session = sessionWith(KEYED, DEDUP)
    const batch = batchAt(session, versions)
    const { entries, older } = latestPerRow(batch, session, 12)
    expect(shownEntries(entries).map(({ record }) => record)).toEqual([newest])
    expect(older.toSorted((a, b) => a - b)).toEqual([0, 1, 2].filter((record) => record !== newest))
    expect(shown(batch)).toEqual([newest])
  })

  it('compares strings as numbers where the source says that they are', () => {
    for (const [isNumeric, newest] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const session = sessionWith(KEYED, { ...DEDUP, cursor: { path: 'a.v', isNumeric } })
      const { entries } = latestPerRow(batchAt(session, [['"10"'], ['"9"']]), session, 1)
      expect(entries.recordOf(0)).toBe(newest)
    }
  })

  it('is by time of emission alone where there is no cursor', () => {
    const session = sessionWith(KEYED, { ...DEDUP, cursor: undefined })
    const { entries } = latestPerRow(
      batchAt(session, [
        [1, 9],
        [3, 7],
        [2, 8],
      ]),
      session,
      1,
    )
    expect(shownEntries(entries).map((entry) => [entry.record, textOf(entry)])).toEqual([[0, 'k:1 @9 ""']])
  })

  it.each([
    [[false, true], true],
    [[true, false], false],
  ])('may take back a deletion, or be one: %j', (gone, isDeleted) => {
    const session = sessionWith(KEYED, DEDUP)
    const data = gone.map((is, n) => `{"id":1,"a":{"v":${n}},"_ab_cdc_deleted_at":${is ? 1 : 'null'}}`)
    const { entries } = latestPerRow(batchOf([session], recordsOf(session, data)), session, 1)
    expect([entries.count, entries.isDeleted(0), shownEntries(entries)[0]?.isDeleted]).toEqual([
      1,
      isDeleted,
      isDeleted,
    ])
  })

  it('is no deletion where deletions are written like other records', () => {
    const session = sessionWith({ ...KEYED, delete_mode: 'soft' }, DEDUP)
    const { entries } = latestPerRow(
      batchOf([session], recordsOf(session, ['{"id":1,"_ab_cdc_deleted_at":1}'])),
      session,
      1,
    )
    expect(entries.isDeleted(0)).toBe(false)
  })

  it('is of the records of one stream, and of members of one key', () => {
    const options = { streams: [{ stream: 'a', cache_type: 'set', member: '${id}' }] }
    const sessions = sessionsFor([stream('a', DEDUP), stream('b', DEDUP)], options) as [
      StreamSession,
      StreamSession,
    ]
    const given = [1, 1, 2].flatMap((id) => sessions.map((session) => [session, `{"id":${id}}`] as const))
    const { entries, older } = latestPerRow(batchOf(sessions, given), sessions[0], 1)
    expect(shownEntries(entries).map(({ location, record }) => [location, record])).toEqual([
      ['3:n:a1', 2],
      ['3:n:a2', 4],
    ])
    expect(older).toEqual([0])
  })
})

describe('the first word on a row', () => {
  const session = sessionWith({ ...KEYED, data_format: 'flat' }, { mode: 'overwrite' })

  it('tells the run alone, and of which records it is; all of them are written', () => {
    const batch = batchOf(
      [session],
      recordsOf(session, ['{"id":1}', '{"id":2}', '{}', '{"id":1}', '{"id":1}']),
    )
    const { entries, older } = firstPerRow(batch, session, 12)
    expect(shownEntries(entries).map(({ location, record, others }) => [location, record, others])).toEqual([
      ['k:1', 0, [3, 4]],
      ['k:2', 1, undefined],
    ])
    expect([0, 1].map((row) => noteOf(entries, row))).toEqual(['12', '12'])
    expect([older, shown(batch)]).toEqual([[], [0, 1, 2, 3, 4]])
  })

  it('names places by ids, those of records without a place passed over', () => {
    const mixed = sessionWith({ key_template: '${_airbyte_ab_id}:${id}' }, { mode: 'overwrite' })
    const batch = batchOf([mixed], recordsOf(mixed, ['{"id":"a"}', '{}', '{"id":"c"}']))
    const ids = [
      { first: 7, last: 8 },
      { first: 20, last: 20 },
    ]
    const { entries } = firstPerRow(batch, mixed, 1, undefined, ids)
    expect(shownEntries(entries).map(({ location }) => location)).toEqual(['7:a', '20:c'])
  })
})

/** Records of one row, each given by its cursor as JSON, and when it was emitted. */
function batchAt(session: StreamSession, versions: readonly (readonly (number | string | null)[])[]): Batch {
  const batch = emptyBatch([session])
  const reader = new MessageReader()
  for (const [v, emittedAt = 5] of versions)
    addRecord(batch, session, `{"id":1,"a":{"v":${v}}}`, reader, String(emittedAt))
  return batch
}

function textOf({ location, emittedAt, cursor, isDeleted }: ShownEntry): string {
  return `${location} @${emittedAt} ${JSON.stringify(cursor)}${isDeleted ? ' gone' : ''}`
}

/** What is noted of the place, as Redis gets it. */
function noteOf(entries: IndexEntries, row: number): string {
  return entries.text.bytes.toString('utf8', entries.middleOf(row), entries.endOf(row)).split('\r\n')[1]!
}

/** The records that are still to be encoded. */
function shown(batch: Batch): number[] {
  const records: number[] = []
  batch.encodeEach(
    () => true,
    (_plan, _view, record) => records.push(record),
  )
  return records
}
