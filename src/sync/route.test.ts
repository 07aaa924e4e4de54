import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { SystemError } from '../errors.ts'
import type { StreamDescriptor } from '../protocol/descriptor.ts'
import { MessageReader } from '../protocol/messages.ts'
import { planStreams } from './plan.ts'
import { Router } from './route.ts'

const { config } = parseConfig('{"host":"h"}', {})
const plans = planStreams(
  [
    { namespace: 'public', name: 'users', mode: 'append' },
    { namespace: '', name: 'users', mode: 'append' },
    { namespace: 'a', name: 'orders', mode: 'append' },
    { namespace: '', name: 'ü "€😀" \n', mode: 'append' },
    { namespace: 'b', name: 'a"b', mode: 'append' },
    { namespace: 'b"a', name: 'b', mode: 'append' },
    { namespace: 'x', name: 'items', mode: 'append' },
    { namespace: 'y', name: 'items', mode: 'append' },
  ],
  config,
)

describe('a record', () => {
  it.each([
    [0, '"users"', '"public"'],
    [1, '"users"', undefined],
    [1, '"users"', 'null'],
    [1, '"users"', '""'],
    [2, '"orders"', '"a"'],
    [0, '"\\u0075sers"', '"p\\u0075blic"'],
    [3, JSON.stringify('ü "€😀" \n'), undefined],
    [3, '"\\u00fc \\"\\u20AC\\ud83d\\ude00\\" \\u000a"', undefined],
    [4, '"a\\"b"', '"b"'],
    [5, '"b"', '"b\\"a"'],
  ])('goes to stream %i for %s of namespace %s, the first time and later', (index, name, namespace) => {
    const router = new Router(plans)
    for (let time = 0; time < 3; time++) expect(routeRecord(router, name, namespace)).toBe(plans[index])
  })

  it('finds its way whatever was learned before', () => {
    const router = new Router(plans)
    const routes = [0, 1, 0, 4, 5, 1].map((index) => {
      const { name, namespace } = plans[index]!.stream
      return routeRecord(router, JSON.stringify(name), JSON.stringify(namespace)) === plans[index]
    })
    expect(routes).toEqual([true, true, true, true, true, true])
  })

  it.each([
    ['"orders"', undefined, '"orders", namespace null'],
    ['"Users"', '"public"', '"Users", namespace "public"'],
    ['"items"', 'null', '"items", namespace null'],
    ['"no\\u0074hing"', '"\\n"', '"nothing", namespace "\\n"'],
  ])('of a stream that the catalog does not have is an error: %s of %s', (name, namespace, named) => {
    expect(() => routeRecord(new Router(plans), name, namespace)).toThrow(
      new SystemError(`Line 1: a record of stream ${named}, which the catalog does not have.`),
    )
  })
})

describe('a state', () => {
  it.each<[number, StreamDescriptor]>([
    [0, { name: 'users', namespace: 'public' }],
    [1, { name: 'users' }],
    [1, { name: 'users', namespace: null }],
    [1, { name: 'users', namespace: '' }],
  ])('goes to stream %i for %j', (index, descriptor) => {
    expect(new Router(plans).routeState(descriptor, 7)).toBe(plans[index])
  })

  it('of a stream that the catalog does not have is an error', () => {
    expect(() => new Router(plans).routeState({ name: 'orders' }, 7)).toThrow(
      new SystemError('Line 7: a state of stream "orders", namespace null, which the catalog does not have.'),
    )
  })
})

describe('a status', () => {
  it.each<[number | undefined, StreamDescriptor]>([
    [0, { name: 'users', namespace: 'public' }],
    [1, { name: 'users' }],
    [2, { name: 'orders', namespace: 'a' }],
    [2, { name: 'orders', namespace: null }],
    [undefined, { name: 'orders', namespace: 'b' }],
    [undefined, { name: 'items' }],
    [7, { name: 'items', namespace: 'y' }],
    [undefined, { name: 'nothing' }],
  ])('goes to stream %s for %j, without a namespace only if the name is unique', (index, descriptor) => {
    expect(new Router(plans).routeStatus(descriptor)).toBe(index === undefined ? undefined : plans[index])
  })
})

function routeRecord(router: Router, name: string, namespace: string | undefined) {
  const space = namespace === undefined ? '' : `"namespace":${namespace},`
  const bytes = Buffer.from(
    `{"type":"RECORD","record":{${space}"stream":${name},"data":{},"emitted_at":1}}\n`,
  )
  const message = new MessageReader()
  message.read(bytes, 0)
  return router.routeRecord(bytes, message)
}
