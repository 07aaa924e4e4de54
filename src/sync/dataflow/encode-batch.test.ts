import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import { NO_GROUP, CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { Batch } from '../batches/batch.ts'
import { newRecordView } from '../../layout/encoding/record-view.ts'
import type { EncodableBatch } from './transactions.ts'
import { batchOf, commandsOf, encode, idsFrom, recordsOf } from '../batches/batches.support.ts'
import { encodeBatch } from './encode-batch.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, sessionWith, stream } from '../streams/stream-sessions.support.ts'

describe('records whose commands may go out one by one', () => {
  const sessions = sessionsFor([stream('a'), stream('b')])
  const [a, b] = sessions as [StreamSession, StreamSession]

  it('are one request, in the order of arrival, each stream with ids of its own', () => {
    const batch = batchOf(sessions, [
      [a, '{"n":1}'],
      [b, '{"n":2}'],
      [a, '{"n":3}'],
      [a, '{"n":4}'],
    ])
    const idRanges = [
      { first: 9, last: 10 },
      { first: 12, last: 40 },
    ]
    const ids = new Map([
      [a, idRanges],
      [b, [{ first: 100, last: 100 }]],
    ])
    const { requests, out } = encode(batch, ids)
    expect(requests).toMatchObject([{ request: { kind: 'write', isCounted: false, confirmedBy: 'marker' } }])
    expect(requests[0]!.request.commands.size).toBe(out.length)
    expect(commandsOf(requests)).toEqual([
      [hmset('n:a', 9, 1), hmset('n:b', 100, 2), hmset('n:a', 10, 3), hmset('n:a', 12, 4)],
    ])
  })

  it.each([1, 9_000_000_000_000_000])(
    'fit into as many bytes as the batch has, with ids from %i on',
    (first) => {
      const batch = batchOf(sessions, [
        [a, '{ }'],
        [b, `{"s":"${'x'.repeat(70_000)}"}`],
      ])
      const out = new CommandGroups(Buffer.alloc(batch.size), ALL_CAPABILITIES)
      const { bytes } = out
      const client = { isCluster: false, slotOf: () => undefined, slotOwners: undefined }
      encodeBatch(batch, out, { ids: idsFrom(first, sessions), decisions: new Map(), client })
      expect(out.bytes).toBe(bytes)
      expect(out.length).toBeGreaterThan(batch.size - 2 * 120)
    },
  )

  it('are put in even where they were held back for others', () => {
    const set = sessionWith({ cache_type: 'set', member: '${m}' })
    const { requests } = encode(
      batchOf(
        [set],
        [1, 2, 3].map((m) => [set, `{"m":${m}}`]),
      ),
    )
    expect(commandsOf(requests)).toEqual([[['SADD', 'n:s', '1', '2', '3']]])
  })

  it('are counted where one of their streams is written under a condition', () => {
    const streams = { cache_type: 'string', streams: [{ stream: 'b', write_condition: 'if_absent' }] }
    const mixed = sessionsFor([stream('a'), stream('b')], streams)
    const isCounted = mixed.map(
      (session) => encode(batchOf(mixed, [[session, '{}']])).requests[0]?.request.isCounted,
    )
    expect(isCounted).toEqual([false, true])
  })

  it('are nothing to send where there are none', () => {
    expect(encode(batchOf(sessions, []))).toMatchObject({ requests: [], refusals: [] })
  })
})

describe('records of lists and Redis streams', () => {
  const list = sessionWith({ cache_type: 'list', data_format: 'json', max_length: 100 })

  it('are a transaction that runs once', () => {
    const batch = batchOf([list], recordsOf(list, ['{"n":1}', '{"n":2}']))
    const { requests, out } = encode(batch)
    expect(commandsOf(requests)).toEqual([
      [
        ['RPUSH', 'n:s', '{"n":1}', '{"n":2}'],
        ['LTRIM', 'n:s', '-100', '-1'],
      ],
    ])
    const kind = { kind: 'transaction', isRepeatable: false, slot: undefined, isCounted: false }
    expect(requests).toMatchObject([{ request: { ...kind, confirmedBy: 'reply' }, plan: list.plan }])
    expect([0, 1, 2].map((command) => recordsBy(batch, out, command))).toEqual([[0, 1], [], []])
  })

  it('stand behind those that may go out one by one, a transaction for each stream', () => {
    const kinds = ['list', 'hash', 'stream'].map((kind) => ({ stream: kind, cache_type: kind }))
    const sessions = sessionsFor(
      kinds.map(({ stream: name }) => stream(name)),
      { streams: kinds },
    )
    const [l, h, s] = sessions as [StreamSession, StreamSession, StreamSession]
    const batch = batchOf(
      sessions,
      [l, h, s, l, h].map((session, n) => [session, `{"n":${n}}`]),
    )
    const { requests, out } = encode(batch)
    expect(
      requests.map(({ plan, request: { kind, commands } }) => [
        plan,
        kind,
        commands.numberOf(0),
        commands.count,
      ]),
    ).toEqual([
      [undefined, 'write', 0, 2],
      [l.plan, 'transaction', 2, 1],
      [s.plan, 'transaction', 3, 1],
    ])
    const firsts = requests.map(({ request }) => recordsBy(batch, out, request.commands.numberOf(0)))
    expect(firsts).toEqual([[1], [0, 3], [2]])
  })

  it('are transactions of bearable length and size, in the order they came', () => {
    const log = sessionWith({ cache_type: 'stream', data_format: 'flat' })
    const data = Array.from(
      { length: 2_500 },
      (_, n) => `{"n":${n},"s":"${'x'.repeat(n < 2_400 ? 1 : 20_000)}"}`,
    )
    const batch = batchOf([log], recordsOf(log, data), new MessageReader(8 << 20))
    const { requests, out } = encode(batch)
    for (const { request } of requests) {
      expect(request.commands.count).toBeLessThan(1_010)
      expect(request.commands.size).toBeLessThan(1_200_000)
    }
    expect(requests.length).toBeLessThan(15)
    const commands = commandsOf(requests)
    for (const [index, transaction] of commands.entries()) {
      const record = Number(transaction[0]?.[4])
      expect(recordsBy(batch, out, requests[index]!.request.commands.numberOf(0))).toEqual([record])
    }
    const entries = commands.flat().filter(([name]) => name === 'XADD')
    expect(entries.map(([, , , , n]) => Number(n))).toEqual(data.map((_, n) => n))
  })
})

describe('records that have to be written together', () => {
  it('are a transaction that may run again', () => {
    const set = sessionWith({ cache_type: 'set', member: '${m}', ttl_seconds: 60 })
    const { requests } = encode(
      batchOf(
        [set],
        [1, 2].map((m) => [set, `{"m":${m}}`]),
      ),
    )
    expect(commandsOf(requests)).toEqual([[['SADD', 'n:s', '1', '2'], lifetime('n:s', '60000')]])
    const kind = { kind: 'transaction', isRepeatable: true, confirmedBy: 'marker' }
    expect(requests).toMatchObject([{ request: kind, plan: set.plan }])
  })

  it('are counted where they are written under a condition', () => {
    const options = { cache_type: 'sorted_set', member: '${m}', ttl_seconds: 60 }
    for (const condition of ['always', 'if_absent']) {
      const session = sessionWith({ ...options, write_condition: condition })
      const { requests } = encode(batchOf([session], [[session, '{"m":1}']]))
      expect(requests.map(({ request }) => request.isCounted)).toEqual([condition === 'if_absent'])
    }
  })
})

describe('a record that cannot be encoded', () => {
  it.each([{}, { cache_type: 'stream' }])('is left out, and the others are not: %j', (structure) => {
    const session = sessionWith({ key_template: 'k:${id}', ...structure })
    const batch = batchOf([session], recordsOf(session, ['{"id":1}', '{"no":1}', '{"id":null}', '{"id":4}']))
    const { requests, refusals } = encode(batch)
    const keys = commandsOf(requests)
      .flat()
      .map(([, key]) => key)
    expect(keys.filter((key) => key?.startsWith('k:'))).toEqual(['k:1', 'k:4'])
    expect(refusals).toMatchObject([
      { record: 1, refusal: { code: 'template-column-missing', params: { column: 'id' } } },
      { record: 2, refusal: { code: 'template-column-null', params: { column: 'id' } } },
    ])
    expect(batch.recordsByGroup().get(NO_GROUP)).toEqual([1, 2])
  })

  it('keeps its id, so that those of the others are the same whatever is wrong with it', () => {
    const session = sessionWith({ key_template: '${_airbyte_ab_id}:${id}' })
    const batch = batchOf([session], recordsOf(session, ['{"id":1}', '{}', '{"id":3}']))
    const { requests } = encode(batch, idsFrom(7, [session]))
    expect(
      commandsOf(requests)
        .flat()
        .map(([, key]) => key),
    ).toEqual(['7:1', '9:3'])
  })

  it('may be alone: then nothing of it is sent', () => {
    const session = sessionWith({ cache_type: 'set', member: '${m}', ttl_seconds: 60 })
    const { requests, refusals } = encode(batchOf([session], [[session, '{}']]))
    expect([requests, refusals.length]).toEqual([[], 1])
  })

  it('may be larger than Redis takes', () => {
    const session = sessionWith()
    const { requests, refusals } = encode(hugeRecordOf(session))
    expect(requests).toEqual([])
    expect(refusals).toMatchObject([{ record: 0, refusal: { code: 'record-too-large' } }])
  })
})

function hmset(baseKey: string, id: number, n: number): string[] {
  const fields = ['_airbyte_ab_id', `${id}`, '_airbyte_emitted_at', '5', '_airbyte_data', `{"n":${n}}`]
  return ['HMSET', `${baseKey}:${id}`, ...fields]
}

function recordsBy(batch: Batch, out: CommandGroups, command: number): number[] {
  const group = out.groupOf(command)
  return group === NO_GROUP ? [] : batch.recordsByGroup().get(group)!
}

/** Stands for a batch of one record that is too large for a test. */
function hugeRecordOf(session: StreamSession): EncodableBatch {
  const view = { ...newRecordView(Buffer.alloc(0), 0), dataEnd: (512 << 20) + 1 }
  return {
    countByStream: () => new Map([[session, 1]]),
    encodeEach: (_, encodeRecord) => void encodeRecord(session, view, 0, -1),
    readColumns: () => undefined,
    capturedColumns: [],
  }
}

function lifetime(key: string, milliseconds: string): string[] {
  return ['EVAL', LIFETIME_SCRIPT, '1', key, milliseconds, 'set']
}
