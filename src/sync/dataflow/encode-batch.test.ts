import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { NO_GROUP, CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { SequenceNumbers } from '../../redis/client/sequence-numbers.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, commandsOf, idsFrom, laidOut, recordsOf } from '../batches/batches.support.ts'
import { encodeBatch } from './encode-batch.ts'
import type { CommandRange } from './part.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, sessionWith, stream } from '../streams/plans.support.ts'

describe('records whose commands may go out one by one', () => {
  const sessions = sessionsFor([stream('a'), stream('b')])
  const [a, b] = sessions as [StreamSession, StreamSession]

  it('are one shipment, in the order they came, each stream with ids of its own', () => {
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
    const { ranges, out } = laidOut(batch, ids)
    expect(ranges).toEqual([{ ...whole(out), isCounted: false }])
    expect(commandsOf(ranges, out)).toEqual([
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
      const client = { once: new SequenceNumbers(() => 'k'), isCluster: false, slotOf: () => undefined }
      encodeBatch(batch, out, { ids: idsFrom(first, sessions), decisions: new Map(), client })
      expect(out.bytes).toBe(bytes)
      expect(out.length).toBeGreaterThan(batch.size - 2 * 120)
    },
  )

  it('are put in even where they were held back for others', () => {
    const set = sessionWith({ cache_type: 'set', member: '${m}' })
    const { ranges, out } = laidOut(
      batchOf(
        [set],
        [1, 2, 3].map((m) => [set, `{"m":${m}}`]),
      ),
    )
    expect(commandsOf(ranges, out)).toEqual([[['SADD', 'n:s', '1', '2', '3']]])
  })

  it('are counted where one of their streams is written under a condition', () => {
    const streams = { cache_type: 'string', streams: [{ stream: 'b', write_condition: 'if_absent' }] }
    const mixed = sessionsFor([stream('a'), stream('b')], streams)
    const isCounted = mixed.map((session) => laidOut(batchOf(mixed, [[session, '{}']])).ranges[0]?.isCounted)
    expect(isCounted).toEqual([false, true])
  })

  it('are nothing to send where there are none', () => {
    expect(laidOut(batchOf(sessions, []))).toMatchObject({ ranges: [], refusals: [] })
  })
})

describe('records of lists and Redis streams', () => {
  const list = sessionWith({ cache_type: 'list', data_format: 'json', max_length: 100 })

  it('are a transaction that leaves its number, and tell which of its commands are their own', () => {
    const batch = batchOf([list], recordsOf(list, ['{"n":1}', '{"n":2}']))
    const { ranges, out, once } = laidOut(batch)
    expect(commandsOf(ranges, out)).toEqual([
      [
        ['MULTI'],
        ['RPUSH', 'n:s', '{"n":1}', '{"n":2}'],
        ['LTRIM', 'n:s', '-100', '-1'],
        ['SET', 'k', '0000000000000001', 'EX', '604800'],
        ['EXEC'],
      ],
    ])
    expect(ranges).toEqual([
      { ...whole(out), isTransaction: true, sequence: 1, slot: undefined, isCounted: false, plan: list.plan },
    ])
    expect([0, 1, 2].map((command) => recordsBy(batch, out, command))).toEqual([[0, 1], [], []])
    expect(once.next()).toBe(2)
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
    const { ranges, out } = laidOut(batch)
    expect(
      ranges.map(({ plan, sequence, firstCommand, commands }) => [plan, sequence, firstCommand, commands]),
    ).toEqual([
      [undefined, undefined, 0, 2],
      [l.plan, 1, 2, 2],
      [s.plan, 2, 4, 2],
    ])
    expect(ranges.map(({ start }) => start)).toEqual([0, ranges[0]?.end, ranges[1]?.end])
    expect(ranges.at(-1)?.end).toBe(out.length)
    const firsts = ranges.map(({ firstCommand }) => recordsBy(batch, out, firstCommand))
    expect(firsts).toEqual([[1], [0, 3], [2]])
  })

  it('are transactions of bearable length and size, in the order they came', () => {
    const log = sessionWith({ cache_type: 'stream', data_format: 'flat' })
    const data = Array.from(
      { length: 2_500 },
      (_, n) => `{"n":${n},"s":"${'x'.repeat(n < 2_400 ? 1 : 20_000)}"}`,
    )
    const batch = batchOf([log], recordsOf(log, data), new MessageReader(8 << 20))
    const { ranges, out } = laidOut(batch)
    for (const { start, end, commands } of ranges) {
      expect(commands).toBeLessThan(1_010)
      expect(end - start).toBeLessThan(400_000)
    }
    expect(ranges.length).toBeLessThan(15)
    expect(ranges.map(({ sequence }) => sequence)).toEqual(ranges.map((_, index) => index + 1))
    const commands = commandsOf(ranges, out)
    for (const [index, transaction] of commands.entries()) {
      const record = Number(transaction[1]?.[4])
      expect(recordsBy(batch, out, ranges[index]!.firstCommand)).toEqual([record])
      expect([transaction[0], transaction.at(-2)?.[2], transaction.at(-1)]).toEqual([
        ['MULTI'],
        String(index + 1).padStart(16, '0'),
        ['EXEC'],
      ])
    }
    const entries = commands.flat().filter(([name]) => name === 'XADD')
    expect(entries.map(([, , , , n]) => Number(n))).toEqual(data.map((_, n) => n))
  })
})

describe('records that have to be written together', () => {
  it('are a transaction without a number, which may go out again', () => {
    const set = sessionWith({ cache_type: 'set', member: '${m}', ttl_seconds: 60 })
    const { ranges, out, once } = laidOut(
      batchOf(
        [set],
        [1, 2].map((m) => [set, `{"m":${m}}`]),
      ),
    )
    expect(commandsOf(ranges, out)).toEqual([
      [['MULTI'], ['SADD', 'n:s', '1', '2'], ['PEXPIRE', 'n:s', '60000'], ['EXEC']],
    ])
    expect(ranges).toMatchObject([{ commands: 2, isTransaction: true, sequence: undefined, plan: set.plan }])
    expect(once.next()).toBe(1)
  })

  it('are counted where they are written under a condition', () => {
    const options = { cache_type: 'sorted_set', member: '${m}', ttl_seconds: 60 }
    for (const condition of ['always', 'if_absent']) {
      const session = sessionWith({ ...options, write_condition: condition })
      const { ranges } = laidOut(batchOf([session], [[session, '{"m":1}']]))
      expect(ranges.map(({ isCounted }) => isCounted)).toEqual([condition === 'if_absent'])
    }
  })
})

describe('a record that cannot be laid out', () => {
  it.each([{}, { cache_type: 'stream' }])('is left out, and the others are not: %j', (structure) => {
    const session = sessionWith({ key_template: 'k:${id}', ...structure })
    const batch = batchOf([session], recordsOf(session, ['{"id":1}', '{"no":1}', '{"id":null}', '{"id":4}']))
    const { ranges, refusals, out } = laidOut(batch)
    const keys = commandsOf(ranges, out)
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
    const { ranges, out } = laidOut(batch, idsFrom(7, [session]))
    expect(
      commandsOf(ranges, out)
        .flat()
        .map(([, key]) => key),
    ).toEqual(['7:1', '9:3'])
  })

  it('may be alone: then nothing of it is sent', () => {
    const session = sessionWith({ cache_type: 'set', member: '${m}', ttl_seconds: 60 })
    const { ranges, refusals } = laidOut(batchOf([session], [[session, '{}']]))
    expect([ranges, refusals.length]).toEqual([[], 1])
  })

  it('may be larger than Redis takes', () => {
    const session = sessionWith()
    const { ranges, refusals } = laidOut(hugeRecordOf(session))
    expect(ranges).toEqual([])
    expect(refusals).toMatchObject([{ record: 0, refusal: { code: 'record-too-large' } }])
  })
})

/** What a part says that is all that was laid out. */
function whole({ length, commands }: CommandGroups): Partial<CommandRange> {
  return { start: 0, end: length, firstCommand: 0, commands }
}

function hmset(baseKey: string, id: number, n: number): string[] {
  const fields = ['_airbyte_ab_id', `${id}`, '_airbyte_emitted_at', '5', '_airbyte_data', `{"n":${n}}`]
  return ['HMSET', `${baseKey}:${id}`, ...fields]
}

function recordsBy(batch: Batch, out: CommandGroups, command: number): number[] {
  const group = out.groupOf(command)
  return group === NO_GROUP ? [] : batch.recordsByGroup().get(group)!
}

/** Stands for a batch of one record that nobody has the memory for. */
function hugeRecordOf(session: StreamSession): Batch {
  const view = { dataStart: 0, dataEnd: (512 << 20) + 1 }
  return {
    countByStream: () => new Map([[session, 1]]),
    encodeEach: (_: unknown, encode: (...args: unknown[]) => number) => encode(session, view, 0),
  } as unknown as Batch
}
