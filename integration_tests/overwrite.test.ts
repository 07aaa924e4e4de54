import type { Redis } from 'ioredis'
import { beforeEach, describe, expect, it } from 'vitest'
import { startConnector } from './support/connector.ts'
import { record, status, streamState } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { dump, write, writeArgs } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const append = [{ name: 's', mode: 'append' as const }]
const overwrite = [{ name: 's', mode: 'overwrite' as const }]

const both = (mode: 'append' | 'overwrite') => [
  { name: 'a', mode },
  { name: 'a:2', mode: 'append' as const },
]

const rows = (from: number, to: number): string => {
  let lines = ''
  for (let id = from; id <= to; id++) lines += record('s', { id })
  return lines
}

const recordKeys = async (): Promise<string[]> => (await client.keys(':s:*')).toSorted()

describe('overwrite', () => {
  it('removes what earlier runs wrote, and goes on counting', async () => {
    await write(redis, append, rows(1, 3))
    await write(redis, append, rows(4, 5))
    const run = await write(redis, overwrite, rows(10, 11))

    expect(run.code).toBe(0)
    expect(await recordKeys()).toEqual([':s:6', ':s:7'])
    const fields = await client.hgetall('_airbyte:manifest::s')
    const manifests = Object.entries(fields).filter(([field]) => field.startsWith('generation:'))
    expect(manifests).toEqual([['generation:3', expect.stringContaining('"firstId":6')]])
  })

  it('leaves nothing at all of a stream when there are no records', async () => {
    await write(redis, append, rows(1, 3))
    await write(redis, overwrite, status('s', 'COMPLETE'))

    expect(await client.keys('*')).toEqual([])
  })

  it('keeps the old records readable until the new ones are complete', async () => {
    await write(redis, append, rows(1, 3))
    const run = startConnector(writeArgs(redis, overwrite))
    run.stdin.write(rows(4, 6) + streamState('s', 1))
    for await (const message of run.messages) if (message.type === 'STATE') break

    expect(await recordKeys()).toHaveLength(6)
    run.stdin.end()
    await run.exit
    expect(await recordKeys()).toEqual([':s:4', ':s:5', ':s:6'])
  })

  it.each([
    ['a line that is no message', 'garbage\n'],
    ['a stream that the source could not complete', status('s', 'INCOMPLETE')],
  ])('leaves the old records after %s', async (_, end) => {
    await write(redis, append, rows(1, 3))
    const run = await write(redis, overwrite, rows(4, 5) + streamState('s', 1) + end)

    expect(run.code).toBe(1)
    expect(run.states).toHaveLength(1)
    expect(await recordKeys()).toHaveLength(5)
  })

  it('removes what a failed run has left, in the next one that ends well', async () => {
    await write(redis, append, rows(1, 3))
    await write(redis, overwrite, `${rows(4, 5)}garbage\n`)
    await write(redis, overwrite, rows(6, 6))

    expect(await recordKeys()).toEqual([':s:6'])
  })

  it('touches the previous rows only, however high the ids have risen', async () => {
    await client.set(':s', '4999999998')
    await write(redis, append, rows(1, 1))
    expect(await recordKeys()).toEqual([':s:4999999999'])
    await client.config('RESETSTAT')
    await write(redis, overwrite, rows(1, 1))

    const stats = await client.info('commandstats')
    expect(await recordKeys()).toEqual([':s:5000000000'])
    // One for the row, and one for the sequence numbers of the run.
    expect(/cmdstat_unlink:calls=(\d+)/.exec(stats)?.[1]).toBe('2')
    expect(stats).not.toMatch(/cmdstat_(keys|scan)/)
    expect(/cmdstat_type:calls=(\d+)/.exec(stats)?.[1]).toBe('1')
  })

  it('removes tens of thousands of rows, sparing the key of another stream among them', async () => {
    const other = { name: 's:30000' }
    await write(redis, [...append, other], rows(1, 45_000) + record('s:30000', {}))
    await write(redis, [...overwrite, other], rows(1, 2))

    expect(await recordKeys()).toEqual([':s:30000', ':s:30000:1', ':s:45002', ':s:45003'])
  })

  it('touches nothing else in the database', async () => {
    const others = {
      ':s:x': 'no id',
      ':s:01': 'no id either',
      ':s:2:1': 'a record of s:2',
      ':st:1': 'a longer name',
      'x:s:1': 'another namespace',
      ':x1:1': 'x[1] as a pattern',
      ':anything:1': '* as a pattern',
    }
    await client.mset(others)
    const names = ['s', 'x[1]', '*', '?']
    const streams = names.map((name) => ({ name, mode: 'overwrite' as const }))
    const lines = names.map((name) => record(name, {})).join('')
    for (let run = 0; run < 2; run++) await write(redis, streams, lines)

    const contents = await dump(client)
    expect(contents).toMatchObject(others)
    for (const name of names) {
      expect(contents).not.toHaveProperty([`:${name}:1`])
      expect(contents).toHaveProperty([`:${name}:2`])
    }
  })

  it('leaves a stream whose name is this one’s with a number behind it', async () => {
    const lines = record('a', {}) + record('a', {}) + record('a', {}) + record('a:2', { of: 'a:2' })
    await write(redis, both('append'), lines)
    await write(redis, both('overwrite'), status('a', 'COMPLETE') + status('a:2', 'COMPLETE'))

    expect(await client.keys(':a:*')).toHaveLength(2)
    expect(await client.get(':a:2')).toBe('1')
    expect(await client.hget(':a:2:1', '_airbyte_data')).toBe('{"of":"a:2"}')
  })

  it('takes over from the classic connector, sparing keys of other types among its ids', async () => {
    await client.set(':s', '4')
    const classic = { _airbyte_emitted_at: '1', _airbyte_data: '{}' }
    for (const id of [1, 2, 4]) await client.hset(`:s:${id}`, { _airbyte_ab_id: id, ...classic })
    await client.set(':s:3', 'the counter of a stream s:3 that another connection writes')
    await write(redis, overwrite, rows(1, 1))

    expect(await recordKeys()).toEqual([':s:3', ':s:5'])
  })
})
