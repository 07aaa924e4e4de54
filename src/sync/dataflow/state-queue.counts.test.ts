import { setImmediate as turn } from 'node:timers/promises'
import { problem } from '../../errors.ts'
import { describe, expect, it } from 'vitest'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { Batch } from '../batches/batch.ts'
import type { Received } from '../batches/waiting-state.ts'
import { addRecord, emptyBatch, stateNamed } from '../batches/batches.support.ts'
import { openStateQueue } from './open-state-queue.support.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'

const sessions = sessionsFor([stream('a'), stream('b')])
const [a, b] = sessions as [StreamSession, StreamSession]

/** Records, each by its stream; and states, by their name, their stream, and what was received before them. */
type Given = StreamSession | readonly [name: string, session: StreamSession | undefined, received: Received]

describe('the counts of a state', () => {
  it('are of what came before it since the last one, and of what was missed of that', async () => {
    const states = [
      ['first', a, received(3, 1)],
      ['second', a, received(4)],
      ['third', a, received(1)],
    ] as const
    const given = [a, a, states[0], a, a, a, a, states[1], a, states[2]]
    const outcomes = [skipped(1), rejected(2), skipped(3), rejected(5)]
    const lines = await acknowledged([{ given, outcomes }])
    expect(lines).toEqual([
      counted('first', 3, 0, { filtered: 1, skipped: 1 }),
      counted('second', 2, 2, { filtered: 0, skipped: 1 }),
      counted('third', 1, 0, { filtered: 0, skipped: 0 }),
    ])
  })

  it('are those of its stream', async () => {
    const lines = await acknowledged([
      {
        given: [
          a,
          b,
          a,
          ['of b', b, received(1)],
          b,
          ['of a', a, received(2)],
          ['of b again', b, received(1, 1)],
        ],
        outcomes: [rejected(0), rejected(1), skipped(2), skipped(3)],
      },
    ])
    expect(lines).toEqual([
      counted('of b', 0, 1, { filtered: 0, skipped: 0 }),
      counted('of a', 1, 1, { filtered: 0, skipped: 1 }),
      counted('of b again', 1, 0, { filtered: 1, skipped: 1 }),
    ])
  })

  it('are those of all streams where it belongs to none', async () => {
    const lines = await acknowledged([
      {
        given: [a, b, a, ['first', undefined, received(4, 1)], b, ['second', undefined, received(1)]],
        outcomes: [rejected(1), skipped(2), rejected(3)],
      },
    ])
    expect(lines).toEqual([
      counted('first', 3, 1, { filtered: 1, skipped: 1 }),
      counted('second', 0, 1, { filtered: 0, skipped: 0 }),
    ])
  })

  it('are also of what was missed behind the last state of earlier batches', async () => {
    const lines = await acknowledged([
      { given: [a, ['first', a, received(1)], a], outcomes: [rejected(1)] },
      { given: [a, a], outcomes: [skipped(0)] },
      { given: [['second', a, received(3)]], outcomes: [] },
    ])
    expect(lines).toEqual([
      counted('first', 1, 0, { filtered: 0, skipped: 0 }),
      counted('second', 2, 1, { filtered: 0, skipped: 1 }),
    ])
  })
})

/** What is acknowledged after batches that were delivered last to first. */
async function acknowledged(
  batches: readonly { given: readonly Given[]; outcomes: RecordOutcome[] }[],
): Promise<string[]> {
  const { stateQueue, deliveries, lines } = await openStateQueue(sessions)
  for (const { given } of batches) stateQueue.submit(batchWith(given))
  await turn()
  for (const [index, { resolve }] of [...deliveries.entries()].toReversed()) {
    resolve(batches[index]!.outcomes)
    await turn()
  }
  await stateQueue.settled()
  return lines
}

function batchWith(given: readonly Given[]): Batch {
  const batch = emptyBatch(sessions)
  const reader = new MessageReader()
  for (const one of given) {
    if ('tracking' in one) addRecord(batch, one, '{}', reader)
    else batch.addState(stateNamed(one[0]), one[1]?.plan, one[2])
  }
  return batch
}

function counted(
  name: string,
  recordCount: number,
  rejectedRecordCount: number,
  additionalStats: Record<string, number>,
): string {
  const none = { filtered: 0, skipped: 0, deduplicated: 0, deleted: 0, expired: 0, empty: 0 }
  const stats = { ...none, ...additionalStats, rejected: rejectedRecordCount, nulled_by_source: 0 }
  return `${name} ${JSON.stringify({ recordCount, rejectedRecordCount, additionalStats: stats })}`
}

function received(records: number, filtered = 0): Received {
  return { records, filtered, nulled: 0 }
}

function rejected(record: number): RecordOutcome {
  return { kind: 'rejected', record, problem: problem('record-refused', 'It is bad.') }
}

function skipped(record: number): RecordOutcome {
  return { kind: 'skipped', record }
}
