import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { SequenceNumbers } from '../../redis/client/sequence-numbers.ts'
import { putNumber } from '../../redis/client/once.ts'
import { slotOf } from '../../redis/resp/key-slot.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, commandsOf, idsFrom, recordsOf } from '../batches/batches.support.ts'
import { encodeBatch } from './encode-batch.ts'
import { outcomesOf } from './outcomes.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionWith } from '../streams/plans.support.ts'

const LISTS = { cache_type: 'list', key_template: 'k:${k}', member: '${n}' }

describe('on a cluster, the records of lists', () => {
  it('are a transaction a key, with the numbers of its slot, in the order they came', () => {
    const session = sessionWith(LISTS)
    const keys = ['a', 'b', 'a', 'c', 'b', 'a']
    const { batch, ranges, out } = laidOut(
      session,
      keys.map((k, n) => `{"k":"${k}","n":${n}}`),
    )
    const slots = ['k:a', 'k:b', 'k:c'].map((key) => slotOf(Buffer.from(key)))
    expect(ranges.map(({ slot, sequence, isTransaction }) => [slot, sequence, isTransaction])).toEqual(
      slots.map((slot) => [slot, 1, true]),
    )
    const pushed = commandsOf(ranges, out).map((commands) =>
      commands.filter(([name]) => name === 'RPUSH').flatMap(([, key, ...members]) => [key, ...members]),
    )
    expect(pushed.map((entries) => entries.filter((entry) => !entry!.startsWith('k:')))).toEqual([['0', '2', '5'], ['1', '4'], ['3']]) // prettier-ignore
    for (const [index, commands] of commandsOf(ranges, out).entries()) {
      expect([commands[0], commands.at(-2), commands.at(-1)]).toEqual([
        ['MULTI'],
        ['SET', `o${slots[index]}`, '0000000000000001', 'EX', '604800'],
        ['EXEC'],
      ])
      expect(ranges[index]!.commands).toBe(commands.length - 2)
    }
    expect(batch.recordsByGroup().size).toBeGreaterThan(0)
  })

  it("are told by the commands that were refused, and the command with the number is nobody's", () => {
    const session = sessionWith(LISTS)
    const { batch, ranges, refusals, out } = laidOut(
      session,
      ['a', 'b', 'a', 'c'].map((k, n) => `{"k":"${k}","n":${n}}`),
    )
    const rejectedBy = (index: number, command: number) => {
      const answers = ranges.map((): WriteResult => ({ rejections: [], done: [], read: [] }))
      answers[index]!.rejections.push({ index: command, error: new Error('It is a set.') as never })
      return outcomesOf(batch, { ranges, refusals }, out, answers).map(({ record }) => record)
    }
    expect(ranges.map((_, index) => rejectedBy(index, 0)[0])).toEqual([0, 1, 3])
    for (const [index, { commands }] of ranges.entries()) expect(rejectedBy(index, commands - 1)).toEqual([])
  })

  it('are transactions of bearable length and size, each about one key, numbered in order in their slot', () => {
    const session = sessionWith({ cache_type: 'stream', data_format: 'flat', key_template: '{t}${k}' })
    const data = Array.from(
      { length: 2_500 },
      (_, n) => `{"k":"${n % 3}","n":${n},"s":"${'x'.repeat(n < 2_400 ? 1 : 20_000)}"}`,
    )
    const { ranges, out } = laidOut(session, data, new MessageReader(8 << 20))
    expect(new Set(ranges.map(({ slot }) => slot))).toEqual(new Set([slotOf(Buffer.from('t'))]))
    expect(ranges.map(({ sequence }) => sequence)).toEqual(ranges.map((_, index) => index + 1))
    expect([ranges.length > 3, ranges.length < 15]).toEqual([true, true])
    for (const { start, end, commands } of ranges)
      expect([commands < 1_010, end - start < 400_000]).toEqual([true, true])
    const byKey = new Map<string, number[]>(['{t}0', '{t}1', '{t}2'].map((key) => [key, []]))
    for (const commands of commandsOf(ranges, out)) {
      const entries = commands.filter(([name]) => name === 'XADD')
      expect(new Set(entries.map(([, key]) => key)).size).toBe(1)
      for (const entry of entries) byKey.get(entry[1]!)!.push(Number(entry[entry.indexOf('n') + 1]))
    }
    const all = data.map((_, n) => n)
    expect([...byKey.values()]).toEqual([0, 1, 2].map((k) => all.filter((n) => n % 3 === k)))
  })

  it.each([
    ['of keys each', { key_template: '{t}${k}' }, 2],
    ['of one key', {}, 1],
  ])('can be numbered anew, %s', (_, more, count) => {
    const session = sessionWith({ ...LISTS, key_template: 'k', ...more })
    const { ranges, out } = laidOut(session, ['{"k":"x","n":1}', '{"k":"y","n":2}', '{"k":"x","n":3}'])
    const before = commandsOf(ranges, out)
    expect(ranges.length).toBe(count)
    for (const [index, { start, end, sequence }] of ranges.entries()) {
      expect(sequence).toBe(index + 1)
      putNumber(out.bytes.subarray(start, end), 1_000 + index)
      before[index]!.at(-2)![2] = `000000000000100${index}`
    }
    expect(commandsOf(ranges, out)).toEqual(before)
  })

  it('that all go to one key are one row of transactions in its slot', () => {
    const { ranges, out } = laidOut(sessionWith({ cache_type: 'list', data_format: 'json' }), [
      '{"n":1}',
      '{"n":2}',
    ])
    const slot = slotOf(Buffer.from('n:s'))
    expect(ranges).toMatchObject([{ slot, sequence: 1, commands: 2 }])
    expect(commandsOf(ranges, out)[0]![1]).toEqual(['RPUSH', 'n:s', '{"n":1}', '{"n":2}'])
  })
})

function laidOut(session: StreamSession, data: readonly string[], reader?: MessageReader) {
  const batch: Batch = batchOf([session], recordsOf(session, data), reader)
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  const once = new SequenceNumbers((slot) => `o${slot}`)
  const client = { once, isCluster: true, slotOf }
  return {
    batch,
    out,
    ...encodeBatch(batch, out, { ids: idsFrom(1, [session]), decisions: new Map(), client }),
  }
}
