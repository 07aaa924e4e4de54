import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { runConnector, writeFiles } from './support/connector.ts'
import { record, status, streamState } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const good = record('s', { id: 1 }) + streamState('s', 1)
const after = record('s', { id: 2 }) + streamState('s', 2)

describe('a bad line', () => {
  const cases: [what: string, line: string, message: RegExp][] = [
    ['garbage', 'top-secret\n', /^Line 3, byte 1: .*\[json-object-expected\]$/],
    [
      'half a record',
      '{"type":"RECORD","record":{"stream":"s","data":{"a":"top-secret\n',
      /^Line 3, byte \d+, stream "s": .*\[json-string-unfinished\]$/,
    ],
    [
      'a record with broken data',
      record('s', '{"a":top-secret}'),
      /^Line 3, byte \d+, stream "s": .*\[json-value-expected\]$/,
    ],
    [
      'a record of an unknown stream',
      record('t', { a: 'top-secret' }),
      /^Line 3: a record of stream "t", namespace null/,
    ],
    [
      'a record of an unknown namespace',
      record('s', { a: 'top-secret' }, { namespace: 'n' }),
      /^Line 3: a record of stream "s", namespace "n"/,
    ],
    [
      'a record without emitted_at',
      record('s', { a: 'top-secret' }).replace(/"emitted_at":\d+,/, ''),
      /^Line 3, stream "s": .*\[record-without-emitted-at\]$/,
    ],
    [
      'a record with emitted_at null',
      record('s', {}).replace('1700000000000', 'null'),
      /^Line 3, stream "s": .*\[record-without-emitted-at\]$/,
    ],
    [
      'a record with emitted_at as text',
      record('s', {}).replace('1700000000000', '"5"'),
      /^Line 3, .*\[record-emitted-at-not-number\]$/,
    ],
    [
      'a record without data',
      '{"type":"RECORD","record":{"stream":"s","emitted_at":1}}\n',
      /^Line 3, stream "s": .*\[record-without-data\]$/,
    ],
    [
      'a record whose data is a list',
      record('s', '["top-secret"]'),
      /^Line 3, .*\[record-data-not-object\]$/,
    ],
    [
      'a record without a stream',
      '{"type":"RECORD","record":{"data":{},"emitted_at":1}}\n',
      /^Line 3: .*\[record-without-stream\]$/,
    ],
    ['a message without a type', '{"record":{}}\n', /^Line 3: .*\[message-without-type\]$/],
    ['a state without a state', '{"type":"STATE"}\n', /^Line 3: .*\[state-without-content\]$/],
    [
      'two messages on one line',
      `${record('s', {}).trimEnd()}${record('s', {})}`,
      /^Line 3, .*\[json-text-behind-object\]$/,
    ],
  ]

  it.each(cases)(
    '(%s) ends the run with what came before acknowledged and nothing after',
    async (_, line, message) => {
      const run = await write(redis, [{ name: 's' }], good + line + after)

      expect(run.errors).toHaveLength(1)
      expect(run.errors[0]).toMatchObject({
        failure_type: 'system_error',
        message: expect.stringMatching(message),
      })
      expect(run.code).toBe(1)
      expect(run.states).toHaveLength(1)
      expect(run.lines.join('\n')).not.toContain('top-secret')
      expect(await client.exists(':s:1')).toBe(1)
    },
  )

  it('that is not UTF-8 is named by its number', async () => {
    const bytes = Buffer.concat([
      Buffer.from(good),
      Buffer.from(record('s', { a: 'x' })),
      Buffer.from(record('s', { a: 'Z' })),
    ])
    bytes[bytes.lastIndexOf('Z')] = 0xff
    const run = await write(redis, [{ name: 's' }], bytes)
    expect(run.errors[0]?.message).toMatch(/^Line 4: .*\[line-not-utf8\]$/)
    expect(run.states).toHaveLength(1)
  })
})

describe('messages that a destination does not act on', () => {
  it.each([
    '{"type":"LOG","log":{"level":"INFO","message":"hello"}}',
    '{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{}}}}',
    '{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":{"name":"s","type":"STREAM"}}}',
    '{"type":"TRACE","trace":{"type":"ANALYTICS","emitted_at":1,"analytics":{"type":"a","value":"b"}}}',
    '{"type":"SOMETHING_NEW","whatever":[1,2,{"record":{}}]}',
    status('s', 'STARTED').trimEnd(),
    status('unknown', 'COMPLETE').trimEnd(),
  ])('%s is passed over', async (line) => {
    const run = await write(redis, [{ name: 's' }], `${good}${line}\n${after}`)
    expect(run.code).toBe(0)
    expect(run.states).toHaveLength(2)
  })
})

describe('a stream status INCOMPLETE', () => {
  it.each([
    ['with its namespace', status('s', 'INCOMPLETE', { namespace: 'n' })],
    ['without a namespace, as the name is unique', status('s', 'INCOMPLETE')],
  ])('%s ends the run with a transient error, and what was acknowledged stays so', async (_, line) => {
    const run = await write(
      redis,
      [{ name: 's', namespace: 'n' }],
      record('s', {}, { namespace: 'n' }) + line,
    )
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(run.code).toBe(1)
    expect(await client.exists('n:s:1')).toBe(1)
  })

  it('that a later COMPLETE takes back does no harm', async () => {
    const run = await write(redis, [{ name: 's' }], good + status('s', 'INCOMPLETE') + status('s'))
    expect(run.code).toBe(0)
  })
})

describe('a bad catalog', () => {
  it.each([
    ['not JSON', 'not JSON', /\[file-not-json\]$/],
    ['without streams', { streams: [] }, /\[catalog-empty\]$/],
    [
      'with the same stream twice',
      { streams: [stream('s', ''), stream('s', null)] },
      /the stream s .*\[stream-duplicated\]$/,
    ],
    [
      'with a mode that there is not',
      { streams: [{ ...stream('s', null), destination_sync_mode: 'upsert' }] },
      /s has destination_sync_mode "upsert".*\[sync-mode-unknown\]$/,
    ],
    [
      'whose generations make no sense',
      { streams: [{ ...stream('s', null), generation_id: 3, minimum_generation_id: 4 }] },
      /s has generation_id 3 and minimum_generation_id 4.*\[generation-invalid\]$/,
    ],
  ])('(%s) ends the run with a configuration error', async (_, catalog, message) => {
    const { host, port } = redis
    const files = writeFiles({ config: { host, port }, catalog })
    const run = await runConnector(['write', '--config', files.config, '--catalog', files.catalog], good)
    expect(run.errors).toMatchObject([
      { failure_type: 'config_error', message: expect.stringMatching(message) },
    ])
    expect(run.code).toBe(1)
    expect(run.states).toEqual([])
  })
})

function stream(name: string, namespace: string | null): object {
  return { stream: { name, namespace }, sync_mode: 'full_refresh', destination_sync_mode: 'append' }
}
