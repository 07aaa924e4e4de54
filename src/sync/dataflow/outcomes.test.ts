import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, encode, recordsOf } from '../batches/batches.support.ts'
import { decidedOutcomes, inOrder, outcomesOf, type RecordOutcome } from './outcomes.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, sessionWith, stream } from '../streams/stream-sessions.support.ts'
import type { Action } from '../dedup/row-decisions.ts'

const REFUSED = 'Redis refused to write a key of the form'

describe('a record that was simply written', () => {
  it('has no outcome, whatever the others have', () => {
    const session = sessionWith()
    expect(outcomes(batchOf([session], [[session, '{}']]), [fine()])).toEqual([])
  })
})

describe('a record that the layout refuses', () => {
  it('is rejected for its reason, as a sentence', () => {
    const session = sessionWith({ key_template: '${id}' })
    const batch = batchOf(
      [session],
      [
        [session, '{"id":1}'],
        [session, '{}'],
      ],
    )
    expect(outcomes(batch, [fine()])).toEqual([missing(1, 'id')])
  })
})

describe('a record whose commands leave no data', () => {
  it.each<[options: object, data: string, kind: RecordOutcome['kind']]>([
    [{ cache_type: 'string', expire_at_field: 'end' }, '{"end":1}', 'expired'],
    [{ data_format: 'flat', expire_at_field: 'end' }, '{"end":"2001-01-01"}', 'expired'],
    [{ cache_type: 'string', ttl_field: 'life' }, '{"life":0}', 'expired'],
    [{ data_format: 'flat', fields: ['a'] }, '{"a":null}', 'empty'],
    [{ data_format: 'flat', fields: ['a'], on_update: 'merge' }, '{}', 'empty'],
  ])('is counted as that: %j %s', (options, data, kind) => {
    const session = sessionWith(options)
    const batch = batchOf([session], recordsOf(session, ['{"a":1}', data]))
    expect(outcomes(batch, [fine()])).toEqual([{ kind, record: 1 }])
  })

  it('is counted as skipped if its condition was not met, and as rejected if it was refused', () => {
    const session = sessionWith({ cache_type: 'string', ttl_field: 'life', write_condition: 'if_exists' })
    const batch = batchOf([session], recordsOf(session, ['{"life":0}', '{"life":0}', '{"life":0}']))
    const result = { ...refusing([1]), done: [0, 0, 1] }
    expect(outcomes(batch, [result]).map((outcome) => outcome.kind)).toEqual([
      'skipped',
      'rejected',
      'expired',
    ])
  })
})

describe('a command that Redis refuses', () => {
  it('is a record that is rejected, key and reason named', () => {
    const session = sessionWith()
    const batch = batchOf([session], numbered(session, 3))
    expect(outcomes(batch, [refusing([1, 2])])).toEqual([
      rejected(1, `${REFUSED} n:s:$\{_airbyte_ab_id}. It is a list.`),
      rejected(2, `${REFUSED} n:s:$\{_airbyte_ab_id}. It is a list.`),
    ])
  })

  it('rejects all records that it holds, and those of no other command', () => {
    const session = sessionWith({ cache_type: 'set', key_template: 'k:${k}', member: '${n}' })
    const data = ['a', 'a', 'b', 'a'].map((k, n) => `{"k":"${k}","n":${n}}`)
    const batch = batchOf([session], recordsOf(session, data))
    expect(outcomes(batch, [refusing([0])])).toEqual(
      [0, 1].map((record) => rejected(record, `${REFUSED} k:$\{k}. It is a list.`)),
    )
    expect(outcomes(batch, [refusing([2])])).toEqual([rejected(3, `${REFUSED} k:$\{k}. It is a list.`)])
  })

  it('is told apart in a transaction, behind what else was sent', () => {
    const kinds = { streams: [{ stream: 'log', cache_type: 'stream' }] }
    const sessions = sessionsFor([stream('s'), stream('log')], kinds) as [StreamSession, StreamSession]
    const batch = batchOf(sessions, [
      [sessions[1], '{}'],
      [sessions[0], '{}'],
      [sessions[1], '{}'],
    ])
    expect(outcomes(batch, [fine(), refusing([1])])).toEqual([
      rejected(2, 'Redis refused to write the key n:log. It is a list.'),
    ])
    expect(outcomes(batch, [refusing([0]), fine()])).toEqual([
      rejected(1, `${REFUSED} n:s:$\{_airbyte_ab_id}. It is a list.`),
    ])
  })

  it('rejects nothing if it writes no record, as one that does is refused for the same', () => {
    const session = sessionWith({ cache_type: 'list', key_template: '${k}', member: '${n}', max_length: 5 })
    const batch = batchOf(
      [session],
      [
        [session, '{"n":1}'],
        [session, '{"k":"x","n":2}'],
      ],
    )
    expect(outcomes(batch, [refusing([0, 1])])).toEqual([
      missing(0, 'k'),
      rejected(1, `${REFUSED} $\{k}. It is a list.`),
    ])
  })
})

describe('a record whose condition is not met', () => {
  it('is skipped', () => {
    const session = sessionWith({ cache_type: 'string', write_condition: 'if_absent' })
    const batch = batchOf([session], numbered(session, 3))
    expect(outcomes(batch, [counting([1, 0, 0])])).toEqual([skipped(1), skipped(2)])
  })

  it('is one of the last where a command tells only how many it wrote', () => {
    const session = sessionWith({ cache_type: 'sorted_set', member: '${n}', write_condition: 'if_absent' })
    const batch = batchOf([session], numbered(session, 4))
    for (const [written, expected] of [
      [4, []],
      [3, [skipped(3)]],
      [0, [0, 1, 2, 3].map(skipped)],
    ] as const)
      expect(outcomes(batch, [counting([written])])).toEqual(expected)
  })

  it('is none where a command answers a length that was there before', () => {
    const session = sessionWith({
      cache_type: 'list',
      member: '${n}',
      write_condition: 'if_exists',
      max_length: 9,
    })
    const batch = batchOf([session], numbered(session, 2))
    expect(outcomes(batch, [counting([700, 1, 1])])).toEqual([])
    expect(outcomes(batch, [counting([0, 1, 1])])).toEqual([skipped(0), skipped(1)])
  })

  it('is not skipped but rejected where Redis refuses it', () => {
    const session = sessionWith({ cache_type: 'sorted_set', member: '${n}', write_condition: 'if_absent' })
    const batch = batchOf([session], numbered(session, 1))
    expect(outcomes(batch, [{ ...refusing([0]), done: [0] }])).toEqual([
      rejected(0, 'Redis refused to write the key n:s. It is a list.'),
    ])
  })

  it('leaves those of other streams alone, which are written whatever their commands answer', () => {
    const sessions = sessionsFor([stream('known'), stream('new')], {
      cache_type: 'set',
      member: '${n}',
      streams: [{ stream: 'new', cache_type: 'string', write_condition: 'if_absent' }],
    }) as [StreamSession, StreamSession]
    const batch = batchOf(sessions, [
      [sessions[0], '{"n":1}'],
      [sessions[1], '{}'],
      [sessions[0], '{"n":2}'],
    ])
    expect(outcomes(batch, [counting([0, 0])])).toEqual([skipped(1)])
  })
})

describe('records that were decided on before they were encoded', () => {
  it('are deduplicated or deleted, those of all streams in the order of the records', () => {
    const one = decisionsWith([5, 0], { 3: 'remove', 1: 'none', 2: 'write anew' })
    const outcome = decidedOutcomes([one, decisionsWith([4], { 7: 'remove' }, [6, 7])])
    expect(inOrder(outcome).map(({ kind, record }) => `${kind} ${record}`)).toEqual([
      'deduplicated 0',
      'deleted 1',
      'deleted 3',
      'deduplicated 4',
      'deduplicated 5',
      'filtered 6',
      'filtered 7',
    ])
    expect(decidedOutcomes([])).toEqual([])
  })
})

describe('outcomes', () => {
  it('are in the order of the records', () => {
    const session = sessionWith({ cache_type: 'string', key_template: '${n}', write_condition: 'if_exists' })
    const batch = batchOf([session], [...numbered(session, 2), [session, '{}'], ...numbered(session, 3)])
    const answers = { ...counting([0, 1, 0, 0, 1]), rejections: refusing([3]).rejections }
    expect(outcomes(batch, [answers]).map(({ kind, record }) => `${kind} ${record}`)).toEqual([
      'skipped 0',
      'rejected 2',
      'skipped 3',
      'rejected 4',
    ])
  })

  it('are those of the layouts alone where replies were lost', () => {
    const session = sessionWith({ cache_type: 'list', key_template: '${n}', write_condition: 'if_exists' })
    const batch = batchOf([session], [...numbered(session, 2), [session, '{}']])
    expect(outcomes(batch, [{ ...fine(), isUnseen: true }]).map(({ record }) => record)).toEqual([2])
  })
})

function outcomes(batch: Batch, answers: readonly WriteResult[]): RecordOutcome[] {
  const { out, ...rest } = encode(batch)
  expect(rest.requests).toHaveLength(answers.length)
  return outcomesOf(batch, rest, out, answers)
}

function decisionsWith(deduplicated: number[], actions: Record<number, Action>, filtered: number[] = []) {
  const entries = Object.entries(actions).map(
    ([record, action]) => [Number(record), { action, location: 'k' }] as const,
  )
  return { deduplicated, filtered, actions: new Map(entries) }
}

function numbered(session: StreamSession, records: number): [StreamSession, string][] {
  return Array.from({ length: records }, (_, n) => [session, `{"n":${n}}`])
}

function fine(): WriteResult {
  return { rejections: [], done: [], read: [] }
}

function refusing(commands: number[]): WriteResult {
  return {
    ...fine(),
    rejections: commands.map((index) => ({
      index,
      error: new ConfigError(problem('test', 'It is a list.')),
    })),
  }
}

function counting(done: number[]): WriteResult {
  return { ...fine(), done }
}

function rejected(record: number, sentence: string): RecordOutcome {
  return { kind: 'rejected', record, problem: problem('record-refused', sentence) }
}

function missing(record: number, column: string): RecordOutcome {
  const sentence = `The column ${column}, which the key needs, is missing.`
  const more = { options: ['key_template'], params: { column } }
  return { kind: 'rejected', record, problem: problem('template-column-missing', sentence, more) }
}

function skipped(record: number): RecordOutcome {
  return { kind: 'skipped', record }
}
