// Airbyte's own inputs of the classic acceptance tests, in the layouts that keep all of a record.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { APPENDED, type Layout, type Row } from '../support/layouts.ts'
import { status } from '../support/messages.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareEmptiedRedis } from '../support/share-redis.ts'
import { write } from '../support/write.ts'

interface Message {
  record?: { stream: string; data: Row }
}

let redis: RedisServer
let client: Redis

shareEmptiedRedis((shared) => ({ redis, client } = shared))

const FILES = ['exchange_rate', 'edge_case', 'stripe'] as const
const refreshed = { mode: 'overwrite', generation: 12, minimumGeneration: 12, syncId: 42 } as const

/** Those that take records without a primary key. */
const LAYOUTS = APPENDED.filter(({ options }) => !('hash_field' in options || 'track_keys' in options))

describe.each(LAYOUTS)('$title', (layout) => {
  it.each(FILES)('testSync: all records of %s are stored by an overwrite of generation 12', async (file) => {
    const { text, names, data } = input(file)
    const streams = names.map((name) => ({ name, ...refreshed }))
    const complete = names.map((name) => status(name))
    const run = await write(redis, streams, [text, ...complete], layout.options)
    expect([run.code, run.errors]).toEqual([0, []])
    for (const name of names) expectSame(await layout.read(client, `:${name}`), data(name), layout)
  })

  it('testSyncWithLargeRecordBatch: the block of messages, four hundred times, and then traces', async () => {
    const { text, names, data } = input('exchange_rate')
    const streams = names.map((name) => ({ name, ...refreshed }))
    const blocks = Array.from({ length: 400 }, () => text)
    const run = await write(redis, streams, [...blocks, ...names.map((name) => status(name))], layout.options)
    expect([run.code, run.errors]).toEqual([0, []])
    for (const name of names) {
      const rows = Array.from({ length: 400 }, () => data(name)).flat()
      expectSame(await layout.read(client, `:${name}`), rows, layout)
    }
  })
})

/** One of Airbyte's own inputs: its text, and the data in it by stream. */
function input(file: (typeof FILES)[number]) {
  const path = join(import.meta.dirname, '..', 'airbyte-acceptance', 'v0', `${file}_messages.txt`)
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const messages = lines.map((line) => JSON.parse(line) as Message)
  const records = messages.flatMap(({ record: sent }) => (sent === undefined ? [] : [sent]))
  const data = new Map<string, Row[]>()
  for (const sent of records) data.set(sent.stream, [...(data.get(sent.stream) ?? []), sent.data])
  return { text: `${lines.join('\n')}\n`, names: [...data.keys()], data: (name: string) => data.get(name)! }
}

/** Sets hold equal records once, and tell nothing of their order. */
function expectSame(read: unknown[], rows: Row[], { options }: Layout): void {
  const isOrdered = options['cache_type'] !== 'set' && options['cache_type'] !== 'sorted_set'
  if (isOrdered) expect(read).toEqual(rows)
  else expect(read.map(asText).toSorted()).toEqual([...new Set(rows.map(asText))].toSorted())
}

function asText(value: unknown): string {
  return JSON.stringify(value)
}
