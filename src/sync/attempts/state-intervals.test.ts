import { describe, expect, it } from 'vitest'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { PipelineRequest } from '../../redis/sequencing/pipeline-request.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { addRecord, commandsIn, emptyBatch, stateNamed } from '../batches/batches.support.ts'
import type { AttemptRecording, StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'
import { StateIntervals } from './state-intervals.ts'

const NONE = { records: 0, filtered: 0, nulled: 0 }

/** Sessions of a list that is rolled back, of staging keys that are dropped, and of a stream that is not recorded. */
function opened() {
  const found = sessionsFor([stream('list'), stream('set'), stream('plain')])
  const recordings: (AttemptRecording | undefined)[] = [
    { kind: 'lengths', of: 'A', slots: new Set() },
    { kind: 'states' },
    undefined,
  ]
  const sessions = found.map((session, at): StreamSession => ({ ...session, attempt: recordings[at] }))
  const sent: { commands: string[][]; confirm: () => void }[] = []
  const send = (request: PipelineRequest): Promise<WriteResult> =>
    new Promise((resolve) => {
      const commands = request.kind === 'marker' ? [] : commandsIn(request.commands.bytes())
      sent.push({ commands, confirm: () => resolve({ rejections: [], done: [], read: [] }) })
    })
  const [list, set, plain] = sessions as [StreamSession, StreamSession, StreamSession]
  return { intervals: new StateIntervals({ send }, sessions), sessions, list, set, plain, sent }
}

/** A batch of records of one stream, with states behind some of them. */
function batchOfRecords(
  sessions: readonly StreamSession[],
  session: StreamSession,
  states: readonly (StreamSession | 'all' | undefined)[],
) {
  const batch = emptyBatch(sessions)
  const reader = new MessageReader()
  for (const state of states) {
    addRecord(batch, session, '{}', reader)
    if (state !== undefined) batch.addState(stateNamed('s'), state === 'all' ? undefined : state.plan, NONE)
  }
  return batch
}

describe('the records of a stream', () => {
  it('are numbered by the batches with states of that stream', () => {
    const { intervals, sessions, list, set, plain } = opened()
    const batches = [
      batchOfRecords(sessions, list, [undefined, undefined]),
      batchOfRecords(sessions, list, [list, list, undefined]),
      batchOfRecords(sessions, list, [set]),
      batchOfRecords(sessions, list, ['all', undefined]),
    ]
    const all = batches.map((batch) => intervals.of(batch))
    expect(all.map((one) => one.get(list))).toEqual([
      { number: 0, end: undefined, acknowledged: 0 },
      { number: 0, end: 2, acknowledged: 0 },
      { number: 1, end: undefined, acknowledged: 0 },
      { number: 1, end: 1, acknowledged: 0 },
    ])
    expect(all.map((one) => one.get(set)?.end)).toEqual([undefined, undefined, 1, 1])
    expect(all.some((one) => one.has(plain))).toBe(false)
  })
})

describe('that states are acknowledged', () => {
  it('is recorded in one write for several batches, and known from its confirmation on', async () => {
    const { intervals, sessions, list, sent } = opened()
    const batches = [[list], [list, undefined]].map((states) =>
      intervals.of(batchOfRecords(sessions, list, states)),
    )
    const recorded = intervals.acknowledge(batches)
    expect(sent.map(({ commands }) => commands)).toEqual([
      [['HSET', '_airbyte:manifest:n:list', 'acknowledged', '2']],
    ])
    const before = intervals.of(batchOfRecords(sessions, list, [undefined]))
    sent[0]!.confirm()
    await recorded
    const after = intervals.of(batchOfRecords(sessions, list, [undefined]))
    expect([before, after].map((one) => one.get(list)?.acknowledged)).toEqual([0, 2])
  })

  it('is recorded of staging keys that are dropped as a whole for the first state alone', async () => {
    const { intervals, sessions, set, sent } = opened()
    const first = intervals.acknowledge([intervals.of(batchOfRecords(sessions, set, [set]))])
    sent[0]!.confirm()
    await first
    expect(intervals.acknowledge([intervals.of(batchOfRecords(sessions, set, [set]))])).toBeUndefined()
    expect(sent).toHaveLength(1)
  })

  it('is not recorded without states, or of other streams', () => {
    const { intervals, sessions, list, plain, sent } = opened()
    const batches = [batchOfRecords(sessions, list, [undefined]), batchOfRecords(sessions, plain, [plain])]
    expect(intervals.acknowledge(batches.map((batch) => intervals.of(batch)))).toBeUndefined()
    expect(sent).toEqual([])
  })
})
