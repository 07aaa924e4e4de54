import { describe, expect, it } from 'vitest'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { ATTEMPT_SCRIPT } from '../../redis/commands/attempt-scripts.ts'
import { slotOf } from '../../redis/resp/key-slot.ts'
import { batchOf, commandsOf, idsFrom, recordsOf } from '../batches/batches.support.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionWith } from '../streams/stream-sessions.support.ts'
import { encodeBatch } from '../dataflow/encode-batch.ts'
import type { Interval } from './state-intervals.ts'

const LISTS = { cache_type: 'list', key_template: 'k:${k}', member: '${n}', on_retry: 'roll_back' }

function recorded(options: object): StreamSession {
  return { ...sessionWith(options), attempt: { kind: 'lengths', of: 'A', slots: new Set() } }
}

function transactionsOf(
  session: StreamSession,
  keys: string,
  interval: Partial<Interval>,
  isCluster = false,
): string[][][] {
  const data = keys.split('').map((k, n) => `{"k":"${k}","n":${n}}`)
  const batch = batchOf([session], recordsOf(session, data))
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  const client = { isCluster, slotOf: isCluster ? slotOf : () => undefined, slotOwners: undefined }
  const intervals = new Map([[session, { number: 3, end: undefined, acknowledged: 2, ...interval }]])
  const { requests } = encodeBatch(batch, out, {
    ids: idsFrom(1, [session]),
    decisions: new Map(),
    client,
    intervals,
  })
  return commandsOf(requests)
}

const record = '_airbyte:attempt:n:s'

describe('a transaction of a stream whose attempt is recorded', () => {
  it('begins with one command that says how much it adds to each key', () => {
    expect(transactionsOf(recorded(LISTS), 'aaba', {})).toEqual([
      [
        ['EVAL', ATTEMPT_SCRIPT, '3', record, 'k:a', 'k:b', 'A', '0', '2', '3', '3', '1'],
        ['RPUSH', 'k:a', '0', '1'],
        ['RPUSH', 'k:b', '2'],
        ['RPUSH', 'k:a', '3'],
      ],
    ])
  })

  it('has the maximum length, and counts no command that only trims', () => {
    const [[begin, ...commands] = []] = transactionsOf(recorded({ ...LISTS, max_length: 5 }), 'aa', {})
    expect(begin?.slice(3)).toEqual([record, 'k:a', 'A', '5', '2', '3', '2'])
    expect(commands.map(([name]) => name)).toEqual(['RPUSH', 'LTRIM'])
  })

  it.each([
    [0, [['4', '3']]],
    [
      1,
      [
        ['3', '1'],
        ['4', '2'],
      ],
    ],
    [3, [['3', '3']]],
  ])('ends at the last state of its batch, behind %i records', (end, parts) => {
    const transactions = transactionsOf(recorded(LISTS), 'aaa', { end })
    expect(transactions.map(([begin]) => begin!.slice(-2))).toEqual(parts)
    const pushed = transactions.map((commands) => commands.slice(1).flatMap(([, , ...items]) => items))
    expect(pushed.flat()).toEqual(['0', '1', '2'])
  })

  it('is about one key on a cluster, and has its record in the slot of that key', () => {
    const session = recorded(LISTS)
    const transactions = transactionsOf(session, 'abab', { end: 3 }, true)
    const [a, b] = ['k:a', 'k:b'].map((key) => slotOf(Buffer.from(key)))
    expect(transactions.map(([begin]) => [slotOf(Buffer.from(begin![3]!)), ...begin!.slice(4)])).toEqual([
      [a, 'k:a', 'A', '0', '2', '3', '2'],
      [b, 'k:b', 'A', '0', '2', '3', '1'],
      [b, 'k:b', 'A', '0', '2', '4', '1'],
    ])
    expect(session.attempt).toMatchObject({ slots: new Set([a, b]) })
  })

  it('has no such command where nothing is recorded', () => {
    expect(transactionsOf(sessionWith(LISTS), 'a', {})).toEqual([[['RPUSH', 'k:a', '0']]])
  })
})
