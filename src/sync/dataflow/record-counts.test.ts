import { describe, expect, it } from 'vitest'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { plansFor, sessionOf, stream } from '../streams/stream-sessions.support.ts'
import { Progress } from './record-counts.ts'

const plans = plansFor([stream('a'), stream('b', { namespace: '' })])
const [a, b] = plans as [StreamPlan, StreamPlan]

describe('what was received before a state', () => {
  it('is what came since the last state of the same stream, filtered records included', () => {
    const { progress } = opened()
    for (const plan of [a, b, a]) progress.addReceived(plan)
    progress.addFiltered(a)
    expect(progress.takeReceived(a)).toEqual({ records: 3, filtered: 1, nulled: 0 })
    expect(progress.takeReceived(a)).toEqual({ records: 0, filtered: 0, nulled: 0 })
    progress.addReceived(a)
    expect(progress.takeReceived(a)).toEqual({ records: 1, filtered: 0, nulled: 0 })
    expect(progress.takeReceived(b)).toEqual({ records: 1, filtered: 0, nulled: 0 })
  })

  it('is what came of all streams where it belongs to none, and counting begins anew for each', () => {
    const { progress } = opened()
    for (const plan of [a, b, a]) progress.addReceived(plan)
    progress.takeReceived(b)
    progress.addReceived(b)
    progress.addFiltered(a)
    expect(progress.takeReceived()).toEqual({ records: 4, filtered: 1, nulled: 0 })
    for (const plan of [undefined, a, b])
      expect(progress.takeReceived(plan)).toEqual({ records: 0, filtered: 0, nulled: 0 })
  })
})

describe('the counts of a state', () => {
  it('are of what was received, without what was rejected, which is counted apart', () => {
    const { progress } = opened()
    for (const kind of ['rejected', 'skipped', 'rejected'] as const) progress.addUnwritten(a, kind)
    progress.addUnwritten(b, 'rejected')
    expect(progress.takeStats({ records: 10, filtered: 4, nulled: 0 }, a)).toEqual({
      recordCount: 8,
      rejectedRecordCount: 2,
      additionalStats: {
        filtered: 4,
        skipped: 1,
        deduplicated: 0,
        deleted: 0,
        expired: 0,
        empty: 0,
        rejected: 2,
        nulled_by_source: 0,
      },
    })
    expect(progress.takeStats({ records: 1, filtered: 0, nulled: 0 }, a)).toEqual({
      recordCount: 1,
      rejectedRecordCount: 0,
      additionalStats: {
        filtered: 0,
        skipped: 0,
        deduplicated: 0,
        deleted: 0,
        expired: 0,
        empty: 0,
        rejected: 0,
        nulled_by_source: 0,
      },
    })
    expect(progress.takeStats({ records: 1, filtered: 0, nulled: 0 }, b).rejectedRecordCount).toBe(1)
  })

  it('are of all streams where it belongs to none, and begin anew for each', () => {
    const { progress } = opened()
    for (const plan of [a, b]) progress.addUnwritten(plan, 'rejected')
    progress.addUnwritten(b, 'skipped')
    const { rejectedRecordCount, additionalStats } = progress.takeStats({
      records: 5,
      filtered: 0,
      nulled: 0,
    })
    expect(rejectedRecordCount).toBe(2)
    expect(additionalStats).toMatchObject({ filtered: 0, skipped: 1 })
    for (const plan of [a, b])
      expect(progress.takeStats({ records: 1, filtered: 0, nulled: 0 }, plan)).toMatchObject({
        recordCount: 1,
      })
  })

  it('have the values that the source has nulled, which are no records', () => {
    const { progress, log } = opened()
    progress.addReceived(a)
    progress.addNulled(a, 2)
    const received = progress.takeReceived(a)
    expect(progress.takeStats(received, a)).toMatchObject({
      recordCount: 1,
      additionalStats: { nulled_by_source: 2 },
    })
    progress.addNulled(b, 1)
    progress.addConfirmed(new Map([[sessionOf(a), 1]]))
    progress.summarize()
    expect(log.slice(0, 2)).toEqual([
      'INFO n.a: 1 record written, 2 values nulled by the source.',
      'INFO b: 0 records written, 1 value nulled by the source.',
    ])
  })

  it('are not touched by what comes behind it', () => {
    const { progress } = opened()
    progress.addReceived(a)
    const received = progress.takeReceived(a)
    progress.addReceived(a)
    progress.addFiltered(a)
    expect(progress.takeStats(received, a).recordCount).toBe(1)
    expect(progress.takeReceived(a)).toEqual({ records: 2, filtered: 1, nulled: 0 })
  })
})

describe('a run', () => {
  it('keeps the last status of each stream, and how many of its records are confirmed', () => {
    const { progress } = opened()
    progress.setStatus(a, 'INCOMPLETE')
    progress.setStatus(a, 'COMPLETE')
    progress.addConfirmed(new Map([[sessionOf(b), 2]]))
    expect(progress.receipts).toEqual([
      { plan: a, status: 'COMPLETE', records: 0 },
      { plan: b, status: undefined, records: 2 },
    ])
  })

  it('warns of a filter that left out all of many records', () => {
    const filter = { record_filter: { field: 'kind', equals: 'a' } }
    const streams = [
      { stream: 'few', ...filter },
      { stream: 'none', ...filter },
      { stream: 'some', ...filter },
    ]
    const filtering = plansFor(
      ['few', 'none', 'some'].map((name) => stream(name)),
      { streams },
    ) as [StreamPlan, StreamPlan, StreamPlan]
    const { progress, log } = opened(filtering)
    for (let record = 0; record < 100; record++) {
      if (record < 99) progress.addFiltered(filtering[0])
      progress.addFiltered(filtering[1])
      progress.addFiltered(filtering[2])
    }
    progress.addConfirmed(new Map([[sessionOf(filtering[2]), 1]]))
    progress.summarize()
    expect(log.filter((line) => line.startsWith('WARN'))).toEqual([
      'WARN n.none: record_filter left out all of 100 records. Check its column and its value.',
    ])
  })

  it('ends with what was confirmed of each stream, and of all', () => {
    const { progress, log } = opened()
    progress.addReceived(a)
    progress.addConfirmed(new Map([[sessionOf(a), 3]]))
    progress.addConfirmed(
      new Map([
        [sessionOf(a), 2],
        [sessionOf(b), 1],
      ]),
    )
    progress.summarize()
    expect(log).toEqual([
      'INFO n.a: 5 records written.',
      'INFO b: 1 record written.',
      expect.stringMatching(/^INFO Done: 6 records in \d+\.\d s, \d+ records\/s\.$/),
    ])
  })

  it('ends with how many records were filtered, rejected and skipped, of the streams where some were', () => {
    const { progress, log } = opened()
    for (let record = 0; record < 4; record++) progress.addReceived(a)
    progress.addFiltered(a)
    progress.addFiltered(b)
    progress.addConfirmed(new Map([[sessionOf(a), 4]]))
    for (const kind of ['rejected', 'skipped', 'skipped'] as const) progress.addUnwritten(a, kind)
    progress.takeStats(progress.takeReceived())
    progress.summarize()
    expect(log).toEqual([
      'INFO n.a: 1 record written, 1 filtered, 1 rejected, 2 skipped.',
      'INFO b: 0 records written, 1 filtered.',
      expect.stringMatching(/^INFO Done: 6 records in /),
    ])
  })
})

function opened(its = plans): { progress: Progress; log: string[] } {
  const log: string[] = []
  return { progress: new Progress(its, (level, message) => log.push(`${level} ${message}`)), log }
}
