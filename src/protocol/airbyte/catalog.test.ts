import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { readCatalog } from './catalog.ts'

/** What a stream has of which the catalog says no more. */
const UNDECLARED = {
  generation: undefined,
  minimumGeneration: 0,
  primaryKey: [],
  cursor: undefined,
  columns: undefined,
}

describe('a catalog', () => {
  it('gives its streams in order, each with its mode', () => {
    expect(
      read([
        { stream: { name: 'users', namespace: 'public' }, destination_sync_mode: 'append' },
        { stream: { name: 'orders', namespace: 'public' }, destination_sync_mode: 'overwrite' },
      ]),
    ).toEqual([
      { name: 'users', namespace: 'public', mode: 'append', ...UNDECLARED },
      { name: 'orders', namespace: 'public', mode: 'overwrite', ...UNDECLARED },
    ])
  })

  it.each([[{ name: 'users' }], [{ name: 'users', namespace: null }], [{ name: 'users', namespace: '' }]])(
    'may leave the namespace out: %j',
    (stream) => {
      expect(read([{ stream, destination_sync_mode: 'append' }])).toEqual([
        { name: 'users', namespace: '', mode: 'append', ...UNDECLARED },
      ])
    },
  )

  it('may hold what this version does not look at, and null for what is not set', () => {
    const stream = { name: 'users', namespace: 'n', json_schema: {}, is_resumable: null, new: 1 }
    const rest = { sync_mode: 'full_refresh', cursor_field: [], primary_key: null, generation_id: 3 }
    const entry = { stream, destination_sync_mode: 'append', minimum_generation_id: 0, sync_id: 9, ...rest }
    expect(read([entry])).toHaveLength(1)
  })

  it.each([
    [{}, undefined, 0],
    [{ generation_id: null, minimum_generation_id: null }, undefined, 0],
    [{ generation_id: 0, minimum_generation_id: 0 }, 0, 0],
    [{ generation_id: 7, minimum_generation_id: 0 }, 7, 0],
    [{ generation_id: 7, minimum_generation_id: 7 }, 7, 7],
    [{ generation_id: 7, minimum_generation_id: 3 }, 7, 3],
    [{ minimum_generation_id: 7 }, 7, 7],
  ])(
    'says which generation is written, and which are kept: %j',
    (generations, generation, minimumGeneration) => {
      const [stream] = read([{ stream: { name: 'u' }, destination_sync_mode: 'append', ...generations }])
      expect(stream).toMatchObject({ generation, minimumGeneration })
    },
  )

  it('may have streams whose names only look alike', () => {
    const descriptors = [
      { name: 'b', namespace: 'a' },
      { name: 'a.b' },
      { name: 'b' },
      { name: 'b', namespace: 'A' },
    ]
    const entries = descriptors.map((stream) => ({ stream, destination_sync_mode: 'append' }))
    expect(read(entries)).toHaveLength(4)
  })
})

describe('the primary key of a stream', () => {
  it.each([
    ['the one chosen', [['id']], undefined, [['id']]],
    ['the one chosen, of several parts and nested', [['a'], ['b', 'c']], [['x']], [['a'], ['b', 'c']]],
    ["the source's where none was chosen", undefined, [['id']], [['id']]],
    ["the source's where null was chosen", null, [['a'], ['b']], [['a'], ['b']]],
    ["the source's where an empty one was chosen", [], [['id']], [['id']]],
    ["the source's where an empty path was chosen", [[]], [['id']], [['id']]],
    ['none where neither has one', undefined, null, []],
    ['none where both are empty', [], [], []],
    ['none where it is no list of paths', 'id', { id: 1 }, []],
    ['none where its paths are no lists of names', ['id', [7], [['id']]], [null], []],
  ])('is %s', (_, chosen, ofSource, expected) => {
    const stream = { name: 'u', source_defined_primary_key: ofSource }
    const [found] = read([{ stream, destination_sync_mode: 'append', primary_key: chosen }])
    expect(found?.primaryKey).toEqual(expected)
  })
})

describe('the cursor of a stream', () => {
  it.each([
    ['the one chosen', ['updated_at'], ['x'], 'updated_at'],
    ['the one chosen, nested', ['a', 'b'], undefined, 'a.b'],
    ["the source's where none was chosen", [], ['lsn'], 'lsn'],
    ["the source's where null was chosen", null, ['lsn'], 'lsn'],
    ['none where neither has one', undefined, [], undefined],
    ['none where it is no path', 'updated_at', [7], undefined],
  ])('is %s', (_, chosen, ofSource, path) => {
    const stream = { name: 'u', default_cursor_field: ofSource }
    const [found] = read([{ stream, destination_sync_mode: 'append_dedup', cursor_field: chosen }])
    expect(found?.cursor?.path).toBe(path)
  })

  it.each([
    [{ type: 'string', airbyte_type: 'big_integer' }, true],
    [{ airbyte_type: 'number' }, true],
    [{ airbyte_type: 'timestamp_with_timezone' }, false],
    [{}, false],
    [undefined, false],
  ])('holds numbers where the source declares it so: %j', (column, isNumeric) => {
    const json_schema = { properties: { a: { properties: { b: column } } } }
    const stream = { name: 'u', json_schema }
    const [found] = read([{ stream, destination_sync_mode: 'append_dedup', cursor_field: ['a', 'b'] }])
    expect(found?.cursor).toEqual({ path: 'a.b', isNumeric })
  })
})

describe('the columns of a stream', () => {
  it('are those that its schema declares', () => {
    const properties = { id: { type: 'integer' }, 'a.b': {}, address: { properties: { city: {} } } }
    expect(columnsOf({ type: 'object', properties })).toEqual(new Set(['id', 'a.b', 'address']))
  })

  it.each([undefined, null, {}, { properties: null }, { properties: {} }, { properties: 'id' }, 'text', 7])(
    'are not known where the schema declares none: %j',
    (schema) => expect(columnsOf(schema)).toBeUndefined(),
  )
})

describe('a catalog is refused', () => {
  it.each([
    [
      'no JSON',
      'garbage with a "secret"',
      'The catalog is not JSON. Pass the path of a configured Airbyte catalog to --catalog.',
    ],
    [
      'empty text',
      '',
      'The catalog is not JSON. Pass the path of a configured Airbyte catalog to --catalog.',
    ],
    ['null', 'null', 'The catalog has no list of "streams". Pass a configured Airbyte catalog.'],
    ['a number', '1', 'The catalog has no list of "streams". Pass a configured Airbyte catalog.'],
    ['no streams', '{}', 'The catalog has no list of "streams". Pass a configured Airbyte catalog.'],
    [
      'streams that are no list',
      '{"streams":{}}',
      'The catalog has no list of "streams". Pass a configured Airbyte catalog.',
    ],
    [
      'an empty list',
      '{"streams":[]}',
      'The catalog has no streams, so there is nothing to write. Select at least one.',
    ],
  ])('with a sentence of its own for %s', (_, text, message) => {
    expect(() => readCatalog(text)).toThrow(new ConfigError(message))
  })

  it.each([
    [null, 'the stream has no name'],
    [{}, 'the stream has no name'],
    [{ stream: null, destination_sync_mode: 'append' }, 'the stream has no name'],
    [{ stream: { name: '' }, destination_sync_mode: 'append' }, 'the stream has no name'],
    [{ stream: { name: 7 }, destination_sync_mode: 'append' }, 'the stream has no name'],
    [
      { stream: { name: 'u', namespace: 7 }, destination_sync_mode: 'append' },
      'the namespace of u is not a string',
    ],
    [
      { stream: { name: 'u' } },
      'u has destination_sync_mode null; use append, overwrite, append_dedup, update or soft_delete',
    ],
    [
      { stream: { name: 'u', namespace: 'n' }, destination_sync_mode: 'upsert' },
      'n.u has destination_sync_mode "upsert"; use append, overwrite, append_dedup, update or soft_delete',
    ],
    [
      { stream: { name: 'u' }, destination_sync_mode: 'append', generation_id: 1, minimum_generation_id: 2 },
      'u has generation_id 1 and minimum_generation_id 2; they must be whole numbers from 0 on, and the minimum no higher',
    ],
    [
      { stream: { name: 'u' }, destination_sync_mode: 'append', generation_id: -1 },
      'u has generation_id -1 and minimum_generation_id undefined; they must be whole numbers from 0 on, and the minimum no higher',
    ],
  ])('for the stream %j', (entry, problem) => {
    expect(() => read([entry])).toThrow(
      new ConfigError(`The catalog cannot be used: streams[0]: ${problem}.`),
    )
  })

  it('with every problem at once', () => {
    const good = { stream: { name: 'good', namespace: null }, destination_sync_mode: 'append' }
    const again = { stream: { name: 'good' }, destination_sync_mode: 'overwrite' }
    const entries = [good, {}, { stream: { name: 'u' }, destination_sync_mode: 'upsert' }, again]
    expect(() => read(entries)).toThrow(
      new ConfigError(
        'The catalog cannot be used: streams[1]: the stream has no name; ' +
          'streams[2]: u has destination_sync_mode "upsert"; use append, overwrite, append_dedup, update or soft_delete; ' +
          'the stream good is there twice.',
      ),
    )
  })
})

function read(streams: unknown[]): ReturnType<typeof readCatalog> {
  return readCatalog(JSON.stringify({ streams }))
}

function columnsOf(schema: unknown): ReadonlySet<string> | undefined {
  return read([{ stream: { name: 'u', json_schema: schema }, destination_sync_mode: 'append' }])[0]?.columns
}
