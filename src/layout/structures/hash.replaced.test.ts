import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { CLEAR_SCRIPT } from '../contract/replaced-hashes.ts'
import { CommandGroups, NO_GROUP } from '../encoding/command-groups.ts'
import {
  encodeRecords,
  eachRead,
  layoutWith,
  type RecordContext,
} from '../registry/encode-records.support.ts'
import { HASH_SCRIPT } from './hash.ts'

const FLAT: RecordOptions = { data_format: 'flat', key_template: 'k:${id}' }

describe('hashes that are replaced, where a transaction may write several keys', () => {
  it('are removed by one script, and then written by a command each', () => {
    const { commands, records } = written(['{"id":1,"a":"x"}', '{"id":2}'])
    expect(commands).toEqual([
      ['EVAL', CLEAR_SCRIPT, '2', 'k:1', 'k:2'],
      ['HMSET', 'k:1', 'id', '1', 'a', 'x'],
      ['HMSET', 'k:2', 'id', '2'],
    ])
    expect(records).toEqual([[], [0], [1]])
  })

  it('are removed once more when a key comes again', () => {
    const { commands, records } = written(['{"id":1,"a":0}', '{"id":11}', '{"id":1,"b":0}'])
    expect(commands.map((command) => command.toSpliced(1, command[0] === 'EVAL' ? 1 : 0))).toEqual([
      ['EVAL', '2', 'k:1', 'k:11'],
      ['HMSET', 'k:1', 'id', '1', 'a', '0'],
      ['HMSET', 'k:11', 'id', '11'],
      ['EVAL', '1', 'k:1'],
      ['HMSET', 'k:1', 'id', '1', 'b', '0'],
    ])
    expect(records).toEqual([[], [0], [1], [], [2]])
  })

  it.each([
    ['64', (id: number) => `{"id":${id}}`, 130, [64, 64, 2]],
    ['16 KB', (id: number) => `{"id":${id},"a":"${'x'.repeat(6_000)}"}`, 7, [3, 3, 1]],
  ])('are at most %s together', (_, record, count, sizes) => {
    const { commands } = written(Array.from({ length: count }, (__, id) => record(id)))
    expect(commands.filter(([name]) => name === 'EVAL').map(([, , keys]) => Number(keys))).toEqual(sizes)
  })

  it.each([
    ['is large', [`{"id":2,"a":"${'x'.repeat(1 << 15)}"}`], {}, 'replace always'],
    ['has no column with a value', ['{"id":null}'], { primaryKey: [['id']] }, 'replace always'],
    ['takes over its key', ['{"id":2}'], { takesOver: (record: number) => record === 1 }, 'take over always'],
  ])('go before one that has a script of its own, as it %s', (_, [record], context, how) => {
    const options = { ...FLAT, null_keys: 'allow' } as const
    const { commands } = written(['{"id":1}', record!, '{"id":3}'], context, options)
    expect(commands.map(([name, script]) => [name, name === 'EVAL' ? script : undefined])).toEqual([
      ['EVAL', CLEAR_SCRIPT],
      ['HMSET', undefined],
      ['EVAL', HASH_SCRIPT.text],
      ['EVAL', CLEAR_SCRIPT],
      ['HMSET', undefined],
    ])
    expect(commands[2]?.slice(4, 6)).toEqual([how, 'keep'])
  })

  it('are never sent apart from the script that removes them', () => {
    const [layout, out] = [layoutWith(FLAT), new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)]
    eachRead(['{"id":1}', '{"id":2}', '{"id":1}'], '5', true, (view) => layout.write(out, view))
    layout.flush(out)
    const commands = Array.from({ length: out.commands }, (_, command) => command)
    expect(commands.map((command) => out.isFollowUp(command))).toEqual([false, true, true, false, true])
    expect(commands.map((command) => out.groupOf(command))).toEqual([NO_GROUP, 0, 1, NO_GROUP, 2])
  })

  it.each([{ write_condition: 'if_absent' }, { ttl_seconds: 60 }, { expire_at_field: 'ends' }] as const)(
    'are not: each has a script of its own with %j',
    (options) => {
      const { commands } = written(['{"id":1,"ends":9}', '{"id":2,"ends":9}'], {}, { ...FLAT, ...options })
      expect(commands.map(([name]) => name)).toEqual(['EVALSHA', 'EVALSHA'])
    },
  )
})

function written(records: readonly string[], context: Partial<RecordContext> = {}, options = FLAT) {
  return encodeRecords(options, records, { ...context, joinsKeys: true })
}
