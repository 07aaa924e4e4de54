// Hosts other than Airbyte's platform send messages without namespaces, and times in seconds.
import { describe, expect, it } from 'vitest'
import { record, status, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { write } from './support/write.ts'

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('messages without a namespace', () => {
  const stream = { name: 'users', namespace: 'pub', mode: 'overwrite' as const, generation: 1 }

  it.each([null, undefined, ''])('go to the one stream of that name: %j', async (namespace) => {
    const name = `users-${String(namespace)}`
    const of = { namespace }
    const input = [
      record(name, { id: 1 }, of),
      streamState(name, { at: 1 }, of),
      status(name, 'COMPLETE', of),
    ]
    const run = await write(redis, [{ ...stream, name }, { name: 'other' }], [...input, status('other')])
    expect(run).toMatchObject({ code: 0, errors: [] })
    expect(await redis.client().keys(`pub:${name}:*`)).toEqual([`pub:${name}:1`])
    const [sent] = input.slice(1).map((line) => JSON.parse(line) as { state: { stream: object } })
    expect(run.states).toMatchObject([{ destinationStats: { recordCount: 1 } }])
    expect(run.states[0]).toHaveProperty('stream', sent!.state.stream)
  })

  it.each([
    ['record', record('users', { id: 1 })],
    ['state', streamState('users', 1)],
    ['status', status('users')],
  ])('that two streams could have end the run, and the error names both: %s', async (_, line) => {
    const run = await write(redis, [stream, { ...stream, namespace: 'archive' }], line)
    const message = expect.stringMatching(/pub\.users or archive\.users.*\[stream-ambiguous\]$/)
    expect(run).toMatchObject({ code: 1, errors: [{ failure_type: 'system_error', message }] })
  })
})

describe('emission times in seconds', () => {
  it('are written as milliseconds, with one warning per stream', async () => {
    const seconds = { emittedAt: 1_700_000_000 }
    const lines = ['a', 'b', 'a'].map((name) => record(name, { id: 1 }, seconds))
    const run = await write(redis, [{ name: 'a' }, { name: 'b' }, { name: 'c' }], [...lines, record('c', {})])
    expect(run.code).toBe(0)
    for (const key of [':a:1', ':a:2', ':b:1', ':c:1'])
      expect(await redis.client().hget(key, '_airbyte_emitted_at')).toBe('1700000000000')
    const warnings = run.logs.filter(({ message }) => message.includes('[emitted-at-in-seconds]'))
    expect(warnings.map(({ message }) => message.split(':')[0])).toEqual(['a', 'b'])
  })
})
