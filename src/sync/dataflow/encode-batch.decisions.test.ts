import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { HASH_SCRIPT } from '../../redis/commands/row-scripts.ts'
import { batchOf, commandsOf, idsFrom, laidOut, recordsOf } from '../batches/batches.support.ts'
import { playedClient } from '../streams/links.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { plansFor, planWith, stream } from '../streams/plans.support.ts'
import { RowTracker } from '../dedup/row-tracker.ts'

const DEDUP: Partial<SyncStream> = { mode: 'append_dedup', primaryKey: [['id']] }
const DELETION = '{"id":1,"_ab_cdc_deleted_at":1}'
const HERE = '6 0 '

describe('what is noted of places', () => {
  it('goes out in front of what is written, as the connector’s own', () => {
    const plan = planWith({ cache_type: 'string', data_format: 'json' }, DEDUP)
    const { requests, commands } = decided(plan, ['{"id":1}', '{"id":2}'])
    expect(requests.map(({ isOwn }) => isOwn)).toEqual([true, undefined])
    expect(requests[0]?.request.commands).toMatchObject({ count: 1 })
    expect(requests[0]?.request.commands.numberOf(0)).toBe(2)
    expect(commands).toEqual([
      [[...noted('n:s:1', '7 5 '), 'n:s:2', '7 5 ']],
      [
        ['SET', 'n:s:1', '{"id":1}'],
        ['SET', 'n:s:2', '{"id":2}'],
      ],
    ])
  })

  it('goes out in front of transactions, too', () => {
    const plan = planWith({ cache_type: 'set', member: '${id}', ttl_seconds: 60 }, DEDUP)
    const { commands } = decided(plan, ['{"id":1}'])
    expect(commands.map((range) => range[0]?.[0])).toEqual(['HMSET', 'SADD'])
  })

  it.each([{}, { ttl_seconds: 60 }])(
    'is not of records that are refused, nor is when to forget them: %j',
    (more) => {
      const options = { cache_type: 'string', data_format: 'raw', value_field: 'v', ...more }
      const plan = planWith(options, DEDUP)
      const { commands, refusals } = decided(plan, ['{"id":1}', '{"id":2,"v":3}'], {
        'n:s:1': '6 0! ',
        'n:s:2': '6 0! ',
      })
      expect(refusals.map(({ record }) => record)).toEqual([0])
      expect(commands[0]?.map(([name, , ...rest]) => `${name} ${rest.includes('n:s:2')}`)).toEqual([
        'HMSET true',
        `${'ttl_seconds' in more ? 'ZADD' : 'ZREM'} true`,
      ])
    },
  )

  it('is of a row whose first record is refused, and another one written', () => {
    const options = { cache_type: 'string', data_format: 'raw', value_field: 'v', key_template: 'k:${id}' }
    const plan = planWith(options, { mode: 'overwrite' })
    const { commands, refusals } = decided(plan, ['{"id":1}', '{"id":2}', '{"id":1}', '{"id":1,"v":3}'])
    expect(refusals.map(({ record }) => record)).toEqual([0, 1, 2])
    expect(commands).toEqual([[noted('k:1', '7')], [['SET', 'k:1', '3']]])
  })

  it('is of keys as they are written, ids in them included', () => {
    const plan = planWith({ key_template: '${_airbyte_ab_id}:${id}' }, { mode: 'overwrite' })
    const { commands } = decided(plan, ['{"id":"a"}', '{}', '{"id":"c"}'])
    const keys = commands.map((range) =>
      range.map(([name, key, location]) => (name === 'HMSET' && key?.includes('places') ? location : key)),
    )
    expect(keys[0]?.toSorted()).toEqual(['1:a', '3:c'])
    expect(keys[1]).toEqual(['1:a', '3:c'])
  })
})

it('a record that is older than its row is neither written nor noted', () => {
  const plan = planWith({ cache_type: 'string', data_format: 'json' }, DEDUP)
  const { commands } = decided(plan, ['{"id":1}', '{"id":2}'], { 'n:s:1': '6 9 ' })
  expect(commands).toEqual([[noted('n:s:2', '7 5 ')], [['SET', 'n:s:2', '{"id":2}']]])
})

describe('a row that is gone', () => {
  it.each([
    [{ cache_type: 'string' }, ['UNLINK', 'n:s:1']],
    [{ data_format: 'flat', delete_mode: 'ttl', delete_ttl_seconds: 9 }, ['PEXPIRE', 'n:s:1', '9000']],
    [{ cache_type: 'set', member: '${id}' }, ['SREM', 'n:s', '1']],
    [{ cache_type: 'sorted_set', member: '${id}', key_prefix: 'p:' }, ['ZREM', 'p:n:s', '1']],
    [{ data_format: 'json', hash_field: '${id}' }, ['HDEL', 'n:s', '1']],
  ])('is removed where it is there, and noted behind that: %j', (options, command) => {
    const plan = planWith(options, DEDUP)
    const location = { 'n:s:1': HERE, '3:n:s1': HERE, '5:p:n:s1': HERE }
    const there = decided(plan, [DELETION], location)
    expect(there.commands[0]).toEqual([command])
    expect(there.requests.map(({ isOwn }) => isOwn)).toEqual([undefined, true])
    expect(there.batch.recordsByGroup().get(there.out.groupOf(0))).toEqual([0])
    const gone = decided(plan, [DELETION])
    expect(gone.requests.map(({ isOwn }) => isOwn)).toEqual([true])
  })

  it('takes no id, and those behind it go on with the next', () => {
    const plan = planWith({}, DEDUP)
    const { commands } = decided(plan, [DELETION, '{"id":2}'], { 'n:s:1': HERE })
    expect(commands[1]?.map((command) => command.slice(1, 4))).toEqual([
      ['n:s:1'],
      ['n:s:2', '_airbyte_ab_id', '1'],
    ])
  })
})

describe('a row that begins anew', () => {
  const options = { data_format: 'flat', on_update: 'merge', key_template: 'k:${id}' }
  const plan = planWith(options, { mode: 'overwrite' })

  it('is replaced by its first record, and the others are merged into it', () => {
    const { commands } = decided(plan, ['{"id":1}', '{"id":1,"a":2}', '{"id":2}'], { 'k:1': '6', 'k:2': '7' })
    expect(commands[1]).toEqual([
      anew('1'),
      ['HMSET', 'k:1', 'id', '1', 'a', '2'],
      ['HMSET', 'k:2', 'id', '2'],
    ])
  })

  it('is so by the first one that is not refused', () => {
    const ending = planWith({ ...options, expire_at_field: 'ends' }, { mode: 'overwrite' })
    const { commands } = decided(ending, ['{"id":1,"ends":"?"}', '{"id":1}', '{"id":1}'], { 'k:1': '6' })
    expect(commands[1]?.map((command) => command[4])).toEqual(['replace always', 'merge always'])
  })
})

it('streams are decided upon apart', () => {
  const plans = plansFor([stream('a', DEDUP), stream('b', DEDUP)], { cache_type: 'string' }) as [
    StreamPlan,
    StreamPlan,
  ]
  const batch = batchOf(plans, [
    [plans[0], DELETION],
    [plans[1], '{"id":1}'],
  ])
  const [a] = [rowsOver(plans[0], { 'n:a:1': HERE })]
  const decisions = new Map([[plans[0], a(batch)]])
  const { requests } = laidOut(batch, idsFrom(1, plans), decisions)
  expect(commandsOf(requests)[0]?.map(([name, key]) => `${name} ${key}`)).toEqual([
    'UNLINK n:a:1',
    'SET n:b:1',
  ])
})

/** A batch of the run 7 that replaces what runs before it wrote, of which so much is known. */
function decided(plan: StreamPlan, data: readonly string[], known: Record<string, string> = {}) {
  const batch = batchOf([plan], recordsOf(plan, data))
  const decisions = new Map([[plan, rowsOver(plan, known)(batch)]])
  const { requests, refusals, out } = laidOut(batch, idsFrom(1, [plan]), decisions)
  return { batch, out, requests, refusals, commands: commandsOf(requests) }
}

function rowsOver(plan: StreamPlan, known: Record<string, string>) {
  const usual = {
    attempt: 7,
    cursorFrom: 0,
    hasUntracked: false,
    staged: undefined,
    live: { oldest: 0, newest: 0 },
  }
  const index = new KeyIndex(playedClient().client, plan)
  const rows = new RowTracker(index, { plan, keptFrom: plan.replaces ? 7 : 0, ...usual })
  return (batch: ReturnType<typeof batchOf>) => {
    const looked = rows.look(batch)
    const notes = looked.entries.map(({ location }) => known[location] ?? null)
    return rows.decide(looked, looked.known && notes, idsFrom(1, [plan]).get(plan))
  }
}

function noted(location: string, note: string): string[] {
  return ['HMSET', expect.stringContaining('_airbyte:places:n:s:') as string, location, note]
}

function anew(id: string): string[] {
  return ['EVALSHA', HASH_SCRIPT.sha, '1', `k:${id}`, 'replace always', 'keep', 'id', id]
}
