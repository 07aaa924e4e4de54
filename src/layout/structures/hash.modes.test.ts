import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { HASH_SCRIPT } from './hash.ts'
import { encodeRecords, layoutWith } from '../registry/encode-records.support.ts'
import type { LayoutSettings } from '../encoding/layout.ts'

const FLAT = { data_format: 'flat', key_template: 'k:${id}' } as const
const MERGE = { ...FLAT, on_update: 'merge' } as const

describe('a hash that stays when it is written', () => {
  it.each([
    [FLAT, ['replace always', 'never']],
    [{ key_template: 'k:${id}' }, ['merge always', 'never']],
    [{ ...FLAT, ttl_seconds: 60 }, ['replace always', 'after 60000']],
    [{ ...FLAT, expire_at_field: 'ends' }, ['replace always', 'at 9000']],
  ] as [RecordOptions, string[]][])('loses the end that a deletion gave it: %j', (options, how) => {
    const [command] = written(options, { removesExpiry: true })
    expect(command?.slice(0, 6)).toEqual(['EVALSHA', HASH_SCRIPT.sha, '1', 'k:1', ...how])
  })
})

describe('a hash in which an earlier run wrote _airbyte_meta', () => {
  const ROW = { key_template: 'k:${id}' }

  it('loses it behind the record', () => {
    const commands = written(ROW, { clearsFormerMeta: true })
    expect(commands.map((command) => command.slice(0, 2))).toEqual([
      ['HMSET', 'k:1'],
      ['HDEL', 'k:1'],
      ['HMSET', 'k:2'],
      ['HDEL', 'k:2'],
    ])
    expect(commands[1]).toEqual(['HDEL', 'k:1', '_airbyte_meta'])
  })

  it.each([
    [{ ...ROW, write_condition: 'if_exists' }, 'merge if_exists without meta'],
    [{ ...ROW, ttl_seconds: 60 }, 'merge always without meta'],
    [FLAT, 'replace always'],
  ] as [RecordOptions, string][])('loses it with the record, in a script: %j', (options, how) => {
    const commands = written(options, { clearsFormerMeta: true })
    expect(commands.map((command) => command.slice(3, 5))).toEqual([
      ['k:1', how],
      ['k:2', how],
    ])
  })

  it('keeps it where records are merged', () => {
    expect(written(MERGE, { clearsFormerMeta: true }).map(([command]) => command)).toEqual(['HMSET', 'HMSET'])
  })
})

describe('a hash that begins anew', () => {
  it('is replaced by the record that does so, and merged into by the others', () => {
    const commands = written(MERGE, { firstRecordReplaces: true }, (record) => record === 1)
    expect(commands).toEqual([
      ['HMSET', 'k:1', 'id', '1', 'ends', '9'],
      ['EVALSHA', HASH_SCRIPT.sha, '1', 'k:2', 'replace always', 'keep', 'id', '2'],
    ])
  })

  it('is removed by a record that has no column', () => {
    const options = { ...MERGE, fields: ['x'] }
    expect(
      written(options, { firstRecordReplaces: true }, () => true).map((command) => command.slice(3)),
    ).toEqual([
      ['k:1', 'replace always', 'keep'],
      ['k:2', 'replace always', 'keep'],
    ])
    expect(written(options, { firstRecordReplaces: true })).toEqual([])
  })

  it('gets its time to live as ever', () => {
    const [command] = written({ ...MERGE, ttl_seconds: 60 }, { firstRecordReplaces: true }, () => true)
    expect(command?.slice(3, 6)).toEqual(['k:1', 'replace always', 'after 60000'])
  })
})

it.each([
  [{}, []],
  [{ firstRecordReplaces: true }, [HASH_SCRIPT]],
  [{ removesExpiry: true }, [HASH_SCRIPT]],
] as [Partial<LayoutSettings>, object[]][])(
  'the script is loaded if a record may need it: %j',
  (more, scripts) => {
    expect(layoutWith(MERGE, {}, more).scripts).toEqual(scripts)
  },
)

/** The commands of two records. */
function written(
  options: RecordOptions,
  more: Partial<LayoutSettings>,
  replacesKey: (record: number) => boolean = () => false,
): string[][] {
  const records = ['{"id":1,"ends":9}', '{"id":2}']
  return encodeRecords(options, records, { replacesKey }, layoutWith(options, {}, more)).commands
}
