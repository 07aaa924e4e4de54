import { describe, expect, it } from 'vitest'
import { CommandBuffer } from '../redis/resp.ts'
import { hashLayout } from './hash.ts'

describe('a record as a hash', () => {
  it('is one HMSET with three fields under the key of its id', () => {
    expect(written('public:users', 1, '1700000000000', '{"id":1}')).toBe(
      '*8\r\n$5\r\nHMSET\r\n$14\r\npublic:users:1\r\n' +
        '$14\r\n_airbyte_ab_id\r\n$1\r\n1\r\n' +
        '$19\r\n_airbyte_emitted_at\r\n$13\r\n1700000000000\r\n' +
        '$13\r\n_airbyte_data\r\n$8\r\n{"id":1}\r\n',
    )
  })

  it.each([1, 9, 10, 99, 100, 99_999, 100_000, 2 ** 31, 2 ** 32, 9_999_999_999, Number.MAX_SAFE_INTEGER])(
    'has the right sizes with the id %i',
    (id) => {
      expect(written('a:b', id, '5', '{}')).toBe(hmset(`a:b:${id}`, id, '5', '{}'))
    },
  )

  it.each([':users', 'crm:public:users', 'ü:€😀', 'a b:*?[x]', ':', 'line\r\nend:$5'])(
    'has its key as it is, sizes counted in bytes: %j',
    (baseKey) => {
      expect(written(baseKey, 12, '5', '{"s":"ü€😀"}')).toBe(hmset(`${baseKey}:12`, 12, '5', '{"s":"ü€😀"}'))
    },
  )

  it.each([2, 9, 10, 47, 48, 100, 65_535, 65_536, 1_000_000])('may have data of %i bytes', (size) => {
    const data = `{${'x'.repeat(size - 2)}}`
    expect(written('a:b', 7, '1', data)).toBe(hmset('a:b:7', 7, '1', data))
  })
})

describe('records one after the other', () => {
  it('are one command each, across the points where their ids become longer and the buffer larger', () => {
    const out = new CommandBuffer(Buffer.alloc(0))
    const layout = hashLayout('n:s')
    const bytes = Buffer.from('5{}')
    const expected: string[] = []
    for (let id = 95; id <= 1_105; id++) {
      layout.write(out, { bytes, id, emittedAtStart: 0, emittedAtEnd: 1, dataStart: 1, dataEnd: 3 })
      expected.push(hmset(`n:s:${id}`, id, '5', '{}'))
    }
    expect(out.commands).toBe(expected.length)
    expect(out.bytes.toString('utf8', 0, out.length)).toBe(expected.join(''))
  })
})

/** Lays out one record that stands between other bytes, in a buffer with no more room than it asks for. */
function written(baseKey: string, id: number, emittedAt: string, data: string): string {
  const out = new CommandBuffer(Buffer.alloc(0))
  const bytes = Buffer.from(`###${emittedAt}${data}###`)
  const dataStart = 3 + emittedAt.length
  const dataEnd = bytes.length - 3
  hashLayout(baseKey).write(out, {
    bytes,
    id,
    emittedAtStart: 3,
    emittedAtEnd: dataStart,
    dataStart,
    dataEnd,
  })
  expect(out.commands).toBe(1)
  return out.bytes.toString('utf8', 0, out.length)
}

function hmset(key: string, id: number, emittedAt: string, data: string): string {
  const fields = ['_airbyte_ab_id', `${id}`, '_airbyte_emitted_at', emittedAt, '_airbyte_data', data]
  const args = ['HMSET', key, ...fields]
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`)
  return `*${args.length}\r\n${parts.join('')}`
}
