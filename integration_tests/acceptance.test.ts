// Every input of Airbyte's classic destination tests, written and read back.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { record, type CatalogStream } from './support/messages.ts'
import type { RedisServer } from './support/redis-server.ts'
import { shareEmptiedRedis } from './support/share-redis.ts'
import { write } from './support/write.ts'

type SentRecord = { stream: string; namespace?: string; data: unknown }

const folder = join(import.meta.dirname, 'airbyte-acceptance')
const badLine = join('v0', 'users_with_generation_id_messages.txt')

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const inputs = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /_messages?(_in)?\.txt$/.test(name) && name !== badLine,
)

describe.each(['append', 'overwrite'] as const)('the classic inputs, in mode %s', (mode) => {
  it.each(inputs)('%s: each record can be read as it was sent', async (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const records = recordsIn(text)
    const run = await write(redis, streamsOf(name, records, mode), text)

    expect(run.errors).toEqual([])
    expect(run.code).toBe(0)
    expect(run.states).toHaveLength(text.match(/"type": *"STATE"/g)?.length ?? 0)
    const counters = new Map<string, number>()
    for (const { stream, namespace = '', data } of records) {
      const base = `${namespace}:${stream}`
      const id = (counters.get(base) ?? 0) + 1
      counters.set(base, id)
      const written = await client.hget(`${base}:${id}`, '_airbyte_data')
      expect(JSON.parse(written ?? 'null')).toEqual(data)
    }
  })
})

describe('the classic namespaces', () => {
  it('each get keys of their own for a stream of the same name', async () => {
    const cases = JSON.parse(readFileSync(join(folder, 'namespace_test_cases.json'), 'utf8')) as {
      namespace: string
    }[]
    const namespaces = cases.map(({ namespace }) => namespace)
    const streams = namespaces.map((namespace) => ({ name: 'data_stream', namespace }))
    const lines = namespaces.map((namespace) => record('data_stream', { namespace }, { namespace })).join('')
    const run = await write(redis, streams, lines)

    expect(run.code).toBe(0)
    for (const namespace of namespaces)
      expect(await client.hget(`${namespace}:data_stream:1`, '_airbyte_data')).toBe(
        JSON.stringify({ namespace }),
      )
  })
})

describe('the input with a line that is not JSON', () => {
  it('ends with an error that names the line and the stream, and not the data', async () => {
    const run = await write(redis, [{ name: 'users' }], readFileSync(join(folder, badLine), 'utf8'))

    expect(run.code).toBe(1)
    expect(run.states).toEqual([])
    expect(run.errors).toHaveLength(1)
    expect(run.errors[0]?.message).toMatch(/^Line 4, byte \d+, stream "users": /)
    expect(run.lines.join('\n')).not.toMatch(/George|Fred|Harry/)
  })
})

function recordsIn(text: string): SentRecord[] {
  const messages = text.split(/\r?\n/).filter((line) => line !== '')
  return messages
    .map((line) => JSON.parse(line) as { type: string; record: SentRecord })
    .filter(({ type }) => type === 'RECORD')
    .map(({ record: sent }) => sent)
}

/** The streams of the catalog beside the messages, where there is one, and those of the records. */
function streamsOf(name: string, records: SentRecord[], mode: 'append' | 'overwrite'): CatalogStream[] {
  const stem = join(folder, name.replace(/_messages?(_in)?\.txt$/, ''))
  const streams = new Map<string, CatalogStream>()
  for (const path of [`${stem}_catalog.json`, `${stem}_configured_catalog.json`])
    for (const stream of catalogAt(path)) streams.set(stream, { name: stream, mode })
  for (const { stream, namespace } of records)
    streams.set(stream, { name: stream, namespace: namespace ?? null, mode })
  return [...streams.values()]
}

function catalogAt(path: string): string[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const { streams } = JSON.parse(text) as { streams: { name?: string; stream?: { name: string } }[] }
  return streams.map(({ name, stream }) => stream?.name ?? name ?? '')
}
