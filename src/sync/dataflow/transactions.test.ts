import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { slotOf } from '../../redis/resp/key-slot.ts'
import type { Batch } from '../batches/batch.ts'
import { batchOf, commandsOf, idsFrom, recordsOf } from '../batches/batches.support.ts'
import { encodeBatch } from './encode-batch.ts'
import { outcomesOf } from './outcomes.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionWith } from '../streams/stream-sessions.support.ts'

const LISTS = { cache_type: 'list', key_template: 'k:${k}', member: '${n}' }

describe('on a cluster, the records of lists', () => {
  it('are a transaction a key, in its slot, in the order they came', () => {
    const session = sessionWith(LISTS)
    const keys = ['a', 'b', 'a', 'c', 'b', 'a']
    const { batch, requests } = encode(
      session,
      keys.map((k, n) => `{"k":"${k}","n":${n}}`),
    )
    const slots = ['k:a', 'k:b', 'k:c'].map((key) => slotOf(Buffer.from(key)))
    expect(requests).toMatchObject(
      slots.map((slot) => ({ request: { kind: 'transaction', slot, isRepeatable: false } })),
    )
    const pushed = commandsOf(requests).map((commands) =>
      commands.filter(([name]) => name === 'RPUSH').flatMap(([, key, ...members]) => [key, ...members]),
    )
    expect(pushed.map((entries) => entries.filter((entry) => !entry!.startsWith('k:')))).toEqual([['0', '2', '5'], ['1', '4'], ['3']]) // prettier-ignore
    expect(batch.recordsByGroup().size).toBeGreaterThan(0)
  })

  it('are found by the commands that were refused', () => {
    const session = sessionWith(LISTS)
    const { batch, requests, refusals, dataless, out } = encode(
      session,
      ['a', 'b', 'a', 'c'].map((k, n) => `{"k":"${k}","n":${n}}`),
    )
    const rejectedBy = (index: number, command: number) => {
      const results = requests.map((): WriteResult => ({ rejections: [], done: [], read: [] }))
      results[index]!.rejections.push({
        index: command,
        error: new ConfigError(problem('test', 'It is a set.')),
      })
      return outcomesOf(batch, { requests, refusals, dataless }, out, results).map(({ record }) => record)
    }
    expect(requests.map((_, index) => rejectedBy(index, 0)[0])).toEqual([0, 1, 3])
    expect(rejectedBy(0, 1)).toEqual([2])
  })

  it('are transactions of bearable length and size, each about one key, in order', () => {
    const session = sessionWith({ cache_type: 'stream', data_format: 'flat', key_template: '{t}${k}' })
    const data = Array.from(
      { length: 2_500 },
      (_, n) => `{"k":"${n % 3}","n":${n},"s":"${'x'.repeat(n < 2_400 ? 1 : 20_000)}"}`,
    )
    const { requests } = encode(session, data, new MessageReader(8 << 20))
    for (const { request } of requests) expect(request).toMatchObject({ slot: slotOf(Buffer.from('t')) })
    expect([requests.length > 2, requests.length < 15]).toEqual([true, true])
    for (const { request } of requests)
      expect([request.commands.count < 1_010, request.commands.size < 1_200_000]).toEqual([true, true])
    const byKey = new Map<string, number[]>(['{t}0', '{t}1', '{t}2'].map((key) => [key, []]))
    for (const commands of commandsOf(requests)) {
      const entries = commands.filter(([name]) => name === 'XADD')
      expect(new Set(entries.map(([, key]) => key)).size).toBe(1)
      for (const entry of entries) byKey.get(entry[1]!)!.push(Number(entry[entry.indexOf('n') + 1]))
    }
    const all = data.map((_, n) => n)
    expect([...byKey.values()]).toEqual([0, 1, 2].map((k) => all.filter((n) => n % 3 === k)))
  })

  it('of one key are transactions in its slot', () => {
    const { requests } = encode(sessionWith({ cache_type: 'list', data_format: 'json' }), [
      '{"n":1}',
      '{"n":2}',
    ])
    const slot = slotOf(Buffer.from('n:s'))
    expect(requests).toMatchObject([{ request: { slot } }])
    expect(commandsOf(requests)[0]![0]).toEqual(['RPUSH', 'n:s', '{"n":1}', '{"n":2}'])
  })
})

function encode(session: StreamSession, data: readonly string[], reader?: MessageReader) {
  const batch: Batch = batchOf([session], recordsOf(session, data), reader)
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  const client = { isCluster: true, slotOf, slotOwners: undefined }
  return {
    batch,
    out,
    ...encodeBatch(batch, out, { ids: idsFrom(1, [session]), decisions: new Map(), client }),
  }
}
