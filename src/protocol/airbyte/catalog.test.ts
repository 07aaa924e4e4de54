import { describe, expect, it } from 'vitest'
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
  it('has no names that would make keys of an immoderate length', () => {
    const stream = { name: 'ü'.repeat(2_049), namespace: 'n' }
    expect(() => read([{ stream, destination_sync_mode: 'append' }])).toThrow('[stream-name-too-long]')
    const fits = { name: 'ü'.repeat(2_048), namespace: 'n'.repeat(4_096) }
    expect(read([{ stream: fits, destination_sync_mode: 'append' }])).toHaveLength(1)
  })

  it.each<{ generation: unknown }>([
    { generation: {} },
    { generation: { toString: 1 } },
    { generation: [] },
    { generation: 'x'.repeat(10_000) },
  ])('names a generation that is none: %j', ({ generation }) => {
    const entry = { stream: { name: 's' }, destination_sync_mode: 'append', generation_id: generation }
    expect(() => read([entry])).toThrow(/generation_id (an object|a list|"x{150,}…).*\[generation-invalid\]/)
  })

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
    ['null', 'null', 'catalog-not-configured'],
    ['a number', '1', 'catalog-not-configured'],
    ['no streams', '{}', 'catalog-not-configured'],
    ['streams that are no list', '{"streams":{}}', 'catalog-not-configured'],
    ['an empty list', '{"streams":[]}', 'catalog-empty'],
    [
      'what a source has discovered',
      '{"streams":[{"name":"secret","json_schema":{}}]}',
      'catalog-discovered',
    ],
    ['the message of discover', '{"type":"CATALOG","catalog":{"streams":[]}}', 'catalog-discovered'],
    ['a configuration', '{"host":"secret"}', 'catalog-is-config'],
    ['one with streams', '{"url":"redis://secret","streams":[{"stream":"a"}]}', 'catalog-is-config'],
  ])('with a code of its own for %s, and without showing it', (_, text, code) => {
    const problem = { code, options: [], params: {}, sentence: expect.not.stringContaining('secret') }
    expect(() => readCatalog(text)).toThrow(refusal(problem))
  })

  it.each([
    ['garbage with a "secret"', 'file-not-json', { line: 1, column: 1 }],
    ['{"streams": [}', 'file-not-json', { line: 1, column: 14 }],
    ['', 'file-empty', {}],
  ])('by its file, without showing it: %j', (text, code, position) => {
    const params = { option: '--catalog', path: '/c.json', ...position }
    const problem = { code, options: [], params, sentence: expect.not.stringContaining('secret') }
    expect(() => readCatalog(text, '/c.json')).toThrow(refusal(problem))
  })

  it.each([
    [null, 'catalog-stream-without-name', {}],
    [{}, 'catalog-stream-without-name', {}],
    [{ stream: null, destination_sync_mode: 'append' }, 'catalog-stream-without-name', {}],
    [{ stream: { name: '' }, destination_sync_mode: 'append' }, 'catalog-stream-without-name', {}],
    [{ stream: { name: 7 }, destination_sync_mode: 'append' }, 'catalog-stream-without-name', {}],
    [
      { stream: { name: 'u', namespace: 7 }, destination_sync_mode: 'append' },
      'catalog-namespace-invalid',
      { stream: 'u' },
    ],
    [{ stream: { name: 'u' } }, 'sync-mode-unknown', { stream: 'u' }],
    [
      { stream: { name: 'u', namespace: 'n' }, destination_sync_mode: 'upsert' },
      'sync-mode-unknown',
      { stream: 'n.u' },
    ],
    [
      { stream: { name: 'u' }, destination_sync_mode: 'append', generation_id: 1, minimum_generation_id: 2 },
      'generation-invalid',
      { stream: 'u' },
    ],
    [
      { stream: { name: 'u' }, destination_sync_mode: 'append', generation_id: -1 },
      'generation-invalid',
      { stream: 'u' },
    ],
  ])('for the stream %j', (entry, code, params) => {
    expect(() => read([entry])).toThrow(
      refusal(expect.objectContaining({ code, params: { index: 0, ...params } })),
    )
  })

  it('with every problem at once', () => {
    const good = { stream: { name: 'good', namespace: null }, destination_sync_mode: 'append' }
    const again = { stream: { name: 'good' }, destination_sync_mode: 'overwrite' }
    const entries = [good, {}, { stream: { name: 'u' }, destination_sync_mode: 'upsert' }, again]
    expect(() => read(entries)).toThrow(
      refusal(
        expect.objectContaining({ code: 'catalog-stream-without-name', params: { index: 1 } }),
        expect.objectContaining({ code: 'sync-mode-unknown', params: { index: 2, stream: 'u' } }),
        expect.objectContaining({ code: 'stream-duplicated', params: { stream: 'good' } }),
      ),
    )
  })
})

function refusal(...problems: unknown[]): unknown {
  return expect.objectContaining({ failureType: 'config_error', problems })
}

function read(streams: unknown[]): ReturnType<typeof readCatalog> {
  return readCatalog(JSON.stringify({ streams }))
}

function columnsOf(schema: unknown): ReadonlySet<string> | undefined {
  return read([{ stream: { name: 'u', json_schema: schema }, destination_sync_mode: 'append' }])[0]?.columns
}
