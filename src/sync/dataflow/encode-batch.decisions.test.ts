import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { HASH_SCRIPT } from '../../layout/structures/hash.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, commandsOf, encode, idsFrom, recordsOf } from '../batches/batches.support.ts'
import { NOTHING_FOUND } from '../dedup/found-keys.ts'
import { shownEntries, trackerOf } from '../dedup/row-trackers.support.ts'
import { plansFor, planWith, sessionOf, stream } from '../streams/stream-sessions.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

const DEDUP: Partial<SyncStream> = { mode: 'append_dedup', primaryKey: [['id']] }
const DELETION = '{"id":1,"_ab_cdc_deleted_at":1}'
const HERE = '6 0 '

describe('index entries', () => {
  it('follow their rows, which the journal names before they are written', () => {
    const plan = planWith({ cache_type: 'string', data_format: 'json' }, DEDUP)
    const { requests, commands } = decided(plan, ['{"id":1}', '{"id":2}'])
    expect(requests.map(({ isOwn, request }) => [isOwn, request.isBehindAll])).toEqual([
      [true, undefined],
      [undefined, true],
      [true, true],
    ])
    expect([requests[0]?.request.commands.count, requests[0]?.request.commands.numberOf(0)]).toEqual([1, 2])
    expect(commands).toEqual([
      [journaled('n:s:1', 'n:s:2')],
      [
        ['SET', 'n:s:1', '{"id":1}'],
        ['SET', 'n:s:2', '{"id":2}'],
      ],
      [[...indexed('n:s:1', '7 5 '), 'n:s:2', '7 5 ']],
    ])
  })

  it('need no journal where the row has an entry already', () => {
    const plan = planWith({ cache_type: 'string', data_format: 'json' }, DEDUP)
    const { commands } = decided(plan, ['{"id":1}', '{"id":2}'], { 'n:s:1': '6 0 ', 'n:s:2': '0' })
    expect(commands.map((range) => range[0]?.[0])).toEqual(['SET', 'HMSET'])
  })

  it('follow transactions, too', () => {
    const plan = planWith({ cache_type: 'set', member: '${id}', ttl_seconds: 60 }, DEDUP)
    const { requests } = decided(plan, ['{"id":1}'])
    expect(requests.map(({ request }) => request.kind)).toEqual(['write', 'transaction', 'write'])
  })

  it.each([{}, { ttl_seconds: 60 }])(
    'are not written, nor do they expire, where the record is refused: %j',
    (more) => {
      const options = { cache_type: 'string', data_format: 'raw', value_field: 'v', ...more }
      const plan = planWith(options, DEDUP)
      const { commands, refusals } = decided(plan, ['{"id":1}', '{"id":2,"v":3}'], {
        'n:s:1': '6 0! ',
        'n:s:2': '6 0! ',
      })
      expect(refusals.map(({ record }) => record)).toEqual([0])
      expect(commands.at(-1)?.map(([name, , ...rest]) => `${name} ${rest.includes('n:s:2')}`)).toEqual([
        'HMSET true',
        'ZADD true',
      ])
    },
  )

  it('are written of a row whose first record is refused, and another one written', () => {
    const options = { cache_type: 'string', data_format: 'raw', value_field: 'v', key_template: 'k:${id}' }
    const plan = planWith(options, { mode: 'overwrite' })
    const { commands, refusals } = decided(plan, ['{"id":1}', '{"id":2}', '{"id":1}', '{"id":1,"v":3}'])
    expect(refusals.map(({ record }) => record)).toEqual([0, 1, 2])
    expect(commands).toEqual([[journaled('k:1')], [['SET', 'k:1', '3']], [indexed('k:1', '7')]])
  })

  it('name keys as they are written, ids included', () => {
    const plan = planWith({ key_template: '${_airbyte_ab_id}:${id}' }, { mode: 'overwrite' })
    const { commands } = decided(plan, ['{"id":"a"}', '{}', '{"id":"c"}'])
    const keys = commands.map((range) =>
      range.map(([name, key, location]) => (name === 'HMSET' && key?.includes('index') ? location : key)),
    )
    expect(keys[1]).toEqual(['1:a', '3:c'])
    expect(keys[2]?.toSorted()).toEqual(['1:a', '3:c'])
  })
})

it('a record that is older than its row is neither written nor indexed', () => {
  const plan = planWith({ cache_type: 'string', data_format: 'json' }, DEDUP)
  const { commands } = decided(plan, ['{"id":1}', '{"id":2}'], { 'n:s:1': '6 9 ' })
  expect(commands).toEqual([[journaled('n:s:2')], [['SET', 'n:s:2', '{"id":2}']], [indexed('n:s:2', '7 5 ')]])
})

describe('a row that is deleted', () => {
  it.each([
    [{ cache_type: 'string' }, ['UNLINK', 'n:s:1']],
    [{ data_format: 'flat', delete_mode: 'ttl', delete_ttl_seconds: 9 }, ['PEXPIRE', 'n:s:1', '9000']],
    [{ cache_type: 'set', member: '${id}' }, ['SREM', 'n:s', '1']],
    [{ cache_type: 'sorted_set', member: '${id}', key_prefix: 'p:' }, ['ZREM', 'p:n:s', '1']],
    [{ data_format: 'json', hash_field: '${id}' }, ['HDEL', 'n:s', '1']],
  ])('is removed where it is there, and its tombstone follows: %j', (options, command) => {
    const plan = planWith(options, DEDUP)
    const location = { 'n:s:1': HERE, '3:n:s1': HERE, '5:p:n:s1': HERE }
    const there = decided(plan, [DELETION], location)
    expect(there.commands[0]).toEqual([['HSET', plan.metadataKey, 'expiry_shards', expect.any(String)]])
    expect(there.commands[1]).toEqual([command])
    expect(there.requests.map(({ isOwn }) => isOwn)).toEqual([true, undefined, true])
    expect(there.batch.recordsByGroup().get(there.out.groupOf(0))).toEqual([0])
    const gone = decided(plan, [DELETION])
    expect(gone.requests.map(({ isOwn }) => isOwn)).toEqual([true, true])
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
    const { commands } = decided(plan, ['{"id":1}', '{"id":1,"a":2}', '{"id":2}'], {
      'k:1': '6',
      'k:2': '7',
    })
    expect(commands[0]).toEqual([
      anew('1'),
      ['HMSET', 'k:1', 'id', '1', 'a', '2'],
      ['HMSET', 'k:2', 'id', '2'],
    ])
  })

  it('is so by the first one that is not refused', () => {
    const ending = planWith({ ...options, expire_at_field: 'ends' }, { mode: 'overwrite' })
    const { commands } = decided(ending, ['{"id":1,"ends":"?"}', '{"id":1}', '{"id":1}'], { 'k:1': '6' })
    expect(commands[0]?.map((command) => command[4])).toEqual(['replace always', 'merge always'])
  })
})

it('the rows of each stream are decided separately', () => {
  const plans = plansFor([stream('a', DEDUP), stream('b', DEDUP)], { cache_type: 'string' })
  const { session: a, decide } = openedOver(plans[0]!, { 'n:a:1': HERE })
  const b = sessionOf(plans[1]!)
  const batch = batchOf(
    [a, b],
    [
      [a, DELETION],
      [b, '{"id":1}'],
    ],
  )
  const { requests } = encode(batch, idsFrom(1, [a, b]), new Map([[a, decide(batch)]]))
  expect(commandsOf(requests)[1]?.map(([name, key]) => `${name} ${key}`)).toEqual([
    'UNLINK n:a:1',
    'SET n:b:1',
  ])
})

/** A batch of the run 7 that replaces what runs before it wrote, over a server that has these index entries. */
function decided(plan: StreamPlan, data: readonly string[], stored: Record<string, string> = {}) {
  const { session, decide } = openedOver(plan, stored)
  const batch = batchOf([session], recordsOf(session, data))
  const decisions = new Map([[session, decide(batch)]])
  const { requests, refusals, out } = encode(batch, idsFrom(1, [session]), decisions)
  return { batch, out, requests, refusals, commands: commandsOf(requests) }
}

const NO_KEYS = await NOTHING_FOUND

function openedOver(plan: StreamPlan, stored: Record<string, string>) {
  const { session, tracker } = trackerOf(plan, { keptFrom: plan.replaces ? 7 : 0 })
  const decide = (batch: Batch) => {
    const rows = tracker.read(batch)
    const values = shownEntries(rows.entries).map(({ location }) => stored[location] ?? null)
    const answers = { stored: rows.stored && values, keys: NO_KEYS }
    return tracker.decide(rows, answers, idsFrom(1, [session]).get(session))
  }
  return { session, decide }
}

function indexed(location: string, value: string): string[] {
  return ['HMSET', expect.stringContaining('_airbyte:index:n:s:') as string, location, value]
}

/** The command that names rows in the journal. */
function journaled(...locations: string[]): string[] {
  const rows = locations.map((location) => `$${location.length}\r\n${location}\r\n`)
  return ['HSET', '_airbyte:journal:n:s', '0', rows.join('')]
}

function anew(id: string): string[] {
  return ['EVALSHA', HASH_SCRIPT.sha, '1', `k:${id}`, 'replace always', 'keep', 'id', id]
}
