import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { TransientError } from '../errors.ts'
import { planStreams, type StreamPlan } from './plan.ts'
import { Progress } from './progress.ts'

const plans = planStreams(
  [
    { namespace: 'n', name: 'a', mode: 'append' },
    { namespace: '', name: 'b', mode: 'append' },
  ],
  parseConfig('{"host":"h"}', {}).config,
)
const [a, b] = plans as [StreamPlan, StreamPlan]

describe('the count of a state', () => {
  it('is of the records since the last state of the same stream', () => {
    const { progress } = opened()
    for (const plan of [a, b, a]) progress.received(plan)
    expect([progress.takeCount(a), progress.takeCount(a)]).toEqual([2, 0])
    progress.received(a)
    expect([progress.takeCount(a), progress.takeCount(b)]).toEqual([1, 1])
  })

  it('that belongs to no single stream is of all streams, and begins anew for each', () => {
    const { progress } = opened()
    for (const plan of [a, b, a]) progress.received(plan)
    progress.takeCount(b)
    progress.received(b)
    expect([progress.takeCount(), progress.takeCount(), progress.takeCount(a)]).toEqual([3, 0, 0])
  })
})

describe('a run', () => {
  it('is complete where the source said nothing, or that its streams are', () => {
    const { progress } = opened()
    progress.status(a, 'COMPLETE')
    expect(() => progress.requireComplete()).not.toThrow()
  })

  it('has failed where the source could not read streams, each of which is named', () => {
    const { progress } = opened()
    progress.status(a, 'INCOMPLETE')
    progress.status(b, 'INCOMPLETE')
    expect(() => progress.requireComplete()).toThrow(
      new TransientError(
        'The source could not read everything of n.a, b. What came is written; nothing older was removed.',
      ),
    )
  })

  it('is complete after all where the last word on a stream is that it is', () => {
    const { progress } = opened()
    progress.status(a, 'INCOMPLETE')
    progress.status(a, 'COMPLETE')
    expect(() => progress.requireComplete()).not.toThrow()
    progress.status(a, 'INCOMPLETE')
    expect(() => progress.requireComplete()).toThrow('n.a')
  })

  it('ends with what was confirmed of each stream, and of all', () => {
    const { progress, log } = opened()
    progress.received(a)
    progress.confirmed(new Map([[a, 3]]))
    progress.confirmed(
      new Map([
        [a, 2],
        [b, 1],
      ]),
    )
    progress.summarize()
    expect(log).toEqual([
      'INFO n.a: 5 records written.',
      'INFO b: 1 records written.',
      expect.stringMatching(/^INFO Done: 6 records in \d+\.\d s, \d+ a second\.$/),
    ])
  })
})

function opened(): { progress: Progress; log: string[] } {
  const log: string[] = []
  return { progress: new Progress(plans, (level, message) => log.push(`${level} ${message}`)), log }
}
