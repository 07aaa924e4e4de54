import { describe, expect, it } from 'vitest'
import { SystemError } from '../../errors.ts'
import type { StreamDescriptor } from '../../protocol/airbyte/stream-descriptor.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'
import { StreamRouter } from './stream-router.ts'
import { thrownBy } from '../../errors.support.ts'

const sessions = sessionsFor([
  stream('users', { namespace: 'public' }),
  stream('users', { namespace: '' }),
  stream('orders', { namespace: 'a' }),
  stream('ü "€😀" \n', { namespace: '' }),
  stream('a"b', { namespace: 'b' }),
  stream('b', { namespace: 'b"a' }),
  stream('items', { namespace: 'x' }),
  stream('items', { namespace: 'y' }),
])

/** Names, and namespaces, of streams that have the same hash. */
const TWINS = hashTwins((text) => `"stream":"${text}","namespace":"n"`)
const NAMESPACE_TWINS = hashTwins((text) => `"stream":"s","namespace":"${text}"`)

describe('a record', () => {
  it.each([
    [0, '"users"', '"public"'],
    [1, '"users"', undefined],
    [1, '"users"', 'null'],
    [1, '"users"', '""'],
    [2, '"orders"', '"a"'],
    [2, '"orders"', undefined],
    [2, '"orders"', 'null'],
    [2, '"orders"', '""'],
    [0, '"\\u0075sers"', '"p\\u0075blic"'],
    [3, JSON.stringify('ü "€😀" \n'), undefined],
    [3, '"\\u00fc \\"\\u20AC\\ud83d\\ude00\\" \\u000a"', undefined],
    [4, '"a\\"b"', '"b"'],
    [5, '"b"', '"b\\"a"'],
  ])('goes to stream %i for %s of namespace %s, the first time and later', (index, name, namespace) => {
    const router = new StreamRouter(sessions)
    for (let time = 0; time < 3; time++) expect(routeRecord(router, name, namespace)).toBe(sessions[index])
  })

  it('finds its way whatever was learned before', () => {
    const router = new StreamRouter(sessions)
    for (const index of [0, 1, 0, 4, 5, 1])
      expect(routeStream(router, sessions[index]!.plan.stream)).toBe(sessions[index])
  })

  it.each([
    ['name', TWINS.map((name) => ({ namespace: 'n', name }))],
    ['namespace', NAMESPACE_TWINS.map((namespace) => ({ namespace, name: 's' }))],
  ])('finds its way also where a stream with another %s has the same hash', (_, twins) => {
    expect(twins).toHaveLength(2)
    const both = sessionsFor(twins.map(({ namespace, name }) => stream(name, { namespace })))
    const router = new StreamRouter(both)
    for (const index of [0, 1, 1, 0, 1, 0]) expect(routeStream(router, twins[index]!)).toBe(both[index])
    const one = new StreamRouter(both.slice(0, 1))
    expect(routeStream(one, twins[0]!)).toBe(both[0])
    expect(() => routeStream(one, twins[1]!)).toThrow(SystemError)
  })

  it('is not mistaken for another that has the same letters in name and namespace together', () => {
    const planned = sessionsFor([stream('a', { namespace: 'b' }), stream('a', { namespace: '' })])
    const router = new StreamRouter(planned)
    expect(routeRecord(router, '"a"', '"b"')).toBe(planned[0])
    expect(routeRecord(router, '"a"', '""')).toBe(planned[1])
    expect(routeRecord(router, '"a"', undefined)).toBe(planned[1])
    expect(() => routeRecord(router, '"b"', '"a"')).toThrow(SystemError)
  })

  it('without a namespace that two streams could have is an error which names both', async () => {
    expect(await thrownBy(() => routeRecord(new StreamRouter(sessions), '"items"', 'null'))).toEqual(
      ambiguous('record', 1),
    )
  })

  it.each([
    ['"Users"', '"public"', ['Users', 'public']],
    ['"orders"', '"b"', ['orders', 'b']],
    ['"nothing"', 'null', ['nothing', '']],
    ['"no\\u0074hing"', '"\\n"', ['nothing', '\\n']],
  ])('of a stream that the catalog does not have is an error: %s of %s', async (name, namespace, named) => {
    expect(await thrownBy(() => routeRecord(new StreamRouter(sessions), name, namespace))).toEqual({
      type: 'system_error',
      code: 'stream-not-in-catalog',
      options: [],
      params: { line: 1, kind: 'record', stream: named[0], namespace: named[1] },
    })
  })
})

describe('a state', () => {
  it.each<[number, StreamDescriptor]>([
    [0, { name: 'users', namespace: 'public' }],
    [1, { name: 'users' }],
    [1, { name: 'users', namespace: null }],
    [1, { name: 'users', namespace: '' }],
    [2, { name: 'orders' }],
    [2, { name: 'orders', namespace: null }],
  ])('goes to stream %i for %j', (index, descriptor) => {
    expect(new StreamRouter(sessions).routeState(descriptor, 7)).toBe(sessions[index])
  })

  it('of a stream that the catalog does not have is an error', async () => {
    const router = new StreamRouter(sessions)
    expect(await thrownBy(() => router.routeState({ name: 'nothing' }, 7))).toMatchObject({
      code: 'stream-not-in-catalog',
      params: { line: 7, kind: 'state', stream: 'nothing' },
    })
  })

  it('without a namespace that two streams could have is an error which names both', async () => {
    const router = new StreamRouter(sessions)
    expect(await thrownBy(() => router.routeState({ name: 'items' }, 7))).toEqual(ambiguous('state', 7))
  })
})

describe('a status', () => {
  it.each<[number | undefined, StreamDescriptor]>([
    [0, { name: 'users', namespace: 'public' }],
    [1, { name: 'users' }],
    [2, { name: 'orders', namespace: 'a' }],
    [2, { name: 'orders', namespace: null }],
    [undefined, { name: 'orders', namespace: 'b' }],
    [7, { name: 'items', namespace: 'y' }],
    [undefined, { name: 'nothing' }],
  ])('goes to stream %s for %j, without a namespace only if the name is unique', (index, descriptor) => {
    expect(new StreamRouter(sessions).routeStatus(descriptor, 1)).toBe(
      index === undefined ? undefined : sessions[index],
    )
  })

  it('without a namespace that two streams could have is an error which names both', async () => {
    const router = new StreamRouter(sessions)
    expect(await thrownBy(() => router.routeStatus({ name: 'items', namespace: null }, 9))).toEqual(
      ambiguous('status', 9),
    )
  })
})

function ambiguous(kind: string, line: number) {
  const params = { line, kind, streams: 'x.items, y.items' }
  return { type: 'system_error', code: 'stream-ambiguous', options: [], params }
}

function routeStream(router: StreamRouter, { namespace, name }: StreamDescriptor) {
  return routeRecord(router, JSON.stringify(name), JSON.stringify(namespace))
}

function routeRecord(router: StreamRouter, name: string, namespace: string | undefined) {
  const space = namespace === undefined ? '' : `"namespace":${namespace},`
  const reader = new MessageReader()
  reader.append(
    Buffer.from(`{"type":"RECORD","record":{${space}"stream":${name},"data":{},"emitted_at":1}}\n`),
  )
  expect(reader.next()).toBe(true)
  return router.routeRecord(reader.bytes, reader.message)
}

/** Among so many names two have the same hash, whatever the hash is. */
function hashTwins(write: (text: string) => string): string[] {
  const reader = new MessageReader()
  const byHash = new Map<number, string>()
  for (let index = 0; index < 400_000; index++) {
    const text = `stream-${index * 7919}`
    reader.append(Buffer.from(`{"type":"RECORD","record":{${write(text)},"data":{},"emitted_at":1}}\n`))
    reader.next()
    const { hash } = reader.message
    const twin = byHash.get(hash)
    if (twin !== undefined) return [twin, text]
    byHash.set(hash, text)
  }
  return []
}
