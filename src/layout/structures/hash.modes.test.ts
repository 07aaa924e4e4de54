import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { HASH_SCRIPT } from '../../redis/commands/row-scripts.ts'
import { laidOut, layoutWith } from '../registry/laid-out.support.ts'
import type { LayoutSettings } from '../encoding/layout.ts'

const FLAT = { data_format: 'flat', key_template: 'k:${id}' } as const
const MERGE = { ...FLAT, on_update: 'merge' } as const

describe('a hash that stays when it is written', () => {
  it.each([
    [FLAT, ['replace always', 'never']],
    [{ key_template: 'k:${id}' }, ['merge always', 'never']],
    [{ ...FLAT, ttl_seconds: 60 }, ['replace always', 'after 60000']],
    [{ ...FLAT, expire_at_field: 'ends' }, ['replace always', 'at 9']],
  ] as [RecordOptions, string[]][])('loses the end that a deletion gave it: %j', (options, how) => {
    const [command] = written(options, { staysWhenWritten: true })
    expect(command?.slice(0, 6)).toEqual(['EVALSHA', HASH_SCRIPT.sha, '1', 'k:1', ...how])
  })
})

describe('a hash that begins anew', () => {
  it('is replaced by the record that does so, and merged into by the others', () => {
    const commands = written(MERGE, { startsAnew: true }, (record) => record === 1)
    expect(commands).toEqual([
      ['HMSET', 'k:1', 'id', '1', 'ends', '9'],
      ['EVALSHA', HASH_SCRIPT.sha, '1', 'k:2', 'replace always', 'keep', 'id', '2'],
    ])
  })

  it('is removed by a record that has no column', () => {
    const options = { ...MERGE, fields: ['x'] }
    expect(written(options, { startsAnew: true }, () => true).map((command) => command.slice(3))).toEqual([
      ['k:1', 'replace always', 'keep'],
      ['k:2', 'replace always', 'keep'],
    ])
    expect(written(options, { startsAnew: true })).toEqual([])
  })

  it('gets its time to live as ever', () => {
    const [command] = written({ ...MERGE, ttl_seconds: 60 }, { startsAnew: true }, () => true)
    expect(command?.slice(3, 6)).toEqual(['k:1', 'replace always', 'after 60000'])
  })
})

it.each([
  [{}, undefined],
  [{ startsAnew: true }, HASH_SCRIPT],
  [{ staysWhenWritten: true }, HASH_SCRIPT],
] as [Partial<LayoutSettings>, object | undefined][])(
  'the script is there where it may be needed: %j',
  (asked, script) => {
    expect(layoutWith(MERGE, {}, asked).script).toBe(script)
  },
)

/** The commands of two records. */
function written(
  options: RecordOptions,
  asked: Partial<LayoutSettings>,
  startsAnew: (record: number) => boolean = () => false,
): string[][] {
  const records = ['{"id":1,"ends":9}', '{"id":2}']
  return laidOut(options, records, { startsAnew }, layoutWith(options, {}, asked)).commands
}
