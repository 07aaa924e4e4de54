// Random changes to rows while something fails; what is there in the end is what the model says, as if nothing had.
import type { Redis } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector, type Connector, type Exit } from './support/connector.ts'
import {
  below,
  CURSOR_KINDS,
  makeChange,
  Model,
  oneOf,
  schemaFor,
  type Change,
} from './support/dedup.model.ts'
import { feed } from './support/feed.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { cursorOf } from './support/output-message.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { withSeeds, type Random } from './support/random.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareRedis } from './support/share-redis.ts'
import { writeArgs } from './support/write.ts'

/** Done whenever a state has been acknowledged; `number`: how many there were by then. */
type OnState = (number: number, run: Connector) => unknown

interface Generation {
  generation: number
  minimum: number
}

interface Scene {
  random: Random
  options: Record<string, unknown>
  schema: Record<string, unknown>
  changes: Change[]
  /** What the run that is disturbed belongs to: it goes on with what is there, or replaces it. */
  generation: Generation
  expected: Record<string, string>
}

const CHANGES = 1_200
const EVERY = 10
const STATES = CHANGES / EVERY

const primaryKey = [['part'], ['who', 'id']]
const OPTIONS = [{}, { cache_type: 'string', data_format: 'json' }, { hash_field: '${_airbyte_primary_key}' }]

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared), {
  args: ['--appendonly', 'yes', '--appendfsync', 'always'],
})

describe('rows are those of the model', () => {
  it(
    'after runs that were killed with -9, each gone on with from the last state that was acknowledged',
    () =>
      withSeeds(caseCount(1, 50), async (random) => {
        const scene = await openScene(random)
        await using proxy = await startProxy(redis.port)
        let from = 0
        for (let kills = 1 + below(random, 2); kills > 0; kills--) {
          // What was sent before the end arrives after it.
          await proxy.setMode({ kind: 'delay', ms: below(random, 4) })
          const last = 1 + below(random, (CHANGES - from) / EVERY)
          const { acknowledged } = await send(scene, proxy.port, from, async (number, run) => {
            if (number !== last) return
            await pause(random() * 10)
            run.kill('SIGKILL')
          })
          from = acknowledged
          // As if the dead run's lease had run out.
          await client.del('_airbyte:lease:n:s')
        }
        await sendRest(scene, proxy.port, from)
        await expectRows(scene)
      }),
    caseCount(60_000, 900_000),
  )

  it(
    'after a run during which Redis was killed, and came back with its data',
    () =>
      withSeeds(caseCount(1, 50), async (random) => {
        const scene = await openScene(random)
        const moments = new Set([below(random, STATES), below(random, STATES)])
        await sendRest(scene, redis.port, 0, async (number) => {
          if (!moments.has(number)) return
          await pause(random() * 10)
          await redis.kill()
          await redis.restart()
        })
        await expectRows(scene)
      }),
    caseCount(60_000, 900_000),
  )

  it(
    'after a run whose replies came late, or never',
    () =>
      withSeeds(caseCount(1, 50), async (random) => {
        const scene = await openScene(random)
        await using proxy = await startProxy(redis.port)
        await sendRest(scene, proxy.port, 0, (number) => {
          // Not waited for: one of them ends only when more has been sent.
          if (number % 20 === 10) void disturb(proxy, random)
        })
        await expectRows(scene)
      }),
    caseCount(60_000, 900_000),
  )
})

function disturb(proxy: TcpProxy, random: Random): Promise<void> {
  if (random() < 0.5) return proxy.setMode({ kind: 'delay', ms: below(random, 20) })
  return proxy.setMode({ kind: 'lose-replies', afterBytes: 1 + below(random, 20) })
}

/** With rows of an earlier run. */
async function openScene(random: Random): Promise<Scene> {
  await client.flushall()
  const kind = oneOf(random, CURSOR_KINDS)
  const making = { primaryKey, rows: oneOf(random, [10, 100]), kind }
  const make = (length: number, first: number): Change[] =>
    Array.from({ length }, (_, at) => makeChange(random, making, first + at))
  const before = { options: oneOf(random, OPTIONS), random, schema: schemaFor(kind), expected: {} }
  const first = { ...before, changes: make(100, 0), generation: { generation: 1, minimum: 0 } }
  await sendRest(first, redis.port, 0)

  const generation = oneOf(random, [
    { generation: 1, minimum: 0 },
    { generation: 2, minimum: 2 },
  ])
  const changes = make(CHANGES, 100)
  const model = new Model(true)
  for (const part of [first, { changes, generation }]) {
    model.begin({ cursor: 'v', ...part.generation })
    for (const change of part.changes) model.take(change)
    model.end(true)
  }
  const expected = Object.fromEntries(model.rows.map(({ key, json }) => [key, json]))
  return { ...before, changes, generation, expected }
}

/** Sends what comes after the first `from` changes, to the end, and expects that all of it is acknowledged. */
async function sendRest(scene: Scene, port: number, from: number, onState?: OnState): Promise<void> {
  const { acknowledged, code } = await send(scene, port, from, onState)
  expect({ acknowledged, code }).toEqual({ acknowledged: scene.changes.length, code: 0 })
}

async function send(
  { changes, options, schema, generation: { generation, minimum } }: Scene,
  port: number,
  from: number,
  onState: OnState = () => undefined,
): Promise<{ acknowledged: number } & Exit> {
  const stream: CatalogStream = {
    name: 's',
    namespace: 'n',
    mode: 'append_dedup',
    primaryKey,
    cursor: ['v'],
    schema,
    generation,
    minimumGeneration: minimum,
  }
  const small = { batch_records: EVERY, max_in_flight_bytes: 1 << 20 }
  const server = { host: '127.0.0.1', port }
  await using run = startConnector(writeArgs(server, [stream], { ...options, ...small }))
  void feed(run.stdin, messages(changes, from))
  let acknowledged = from
  let number = 0
  for await (const message of run.messages) {
    if (message.type !== 'STATE') continue
    acknowledged = cursorOf(message)
    await onState(++number, run)
  }
  return { acknowledged, ...(await run.exit) }
}

/** States tell how many changes came before them. */
function* messages(changes: readonly Change[], from: number): Generator<string> {
  for (let at = from; at < changes.length; at += EVERY) {
    const some = changes.slice(at, at + EVERY)
    const lines = some.map(({ json, emittedAt }) => record('s', json, { namespace: 'n', emittedAt }))
    yield lines.join('') + streamState('s', { id: at + some.length }, { namespace: 'n' })
  }
  if (from === changes.length) yield streamState('s', { id: from }, { namespace: 'n' })
  yield status('s', 'COMPLETE', { namespace: 'n' })
}

async function expectRows({ expected, options }: Scene): Promise<void> {
  const read = async (): Promise<Record<string, string>> => {
    if ('hash_field' in options) return client.hgetall('n:s')
    const keys = await client.keys('n:s:*')
    const text = (key: string) =>
      'cache_type' in options ? client.get(key) : client.hget(key, '_airbyte_data')
    return Object.fromEntries(
      await Promise.all(
        keys.map(async (key) => [key.slice('n:s:'.length), (await text(key)) ?? ''] as const),
      ),
    )
  }
  expect(await read()).toEqual(expected)
}
