// Writes rows by several syncs beside keys of other writers, and reads them back.
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import type { ConnectorRun } from './connector.ts'
import { record, status, type CatalogStream } from './messages.ts'
import { write, type Server } from './write.ts'

/** Keys of other writers that look like keys of the stream, of every type. */
export const OTHERS: Record<string, string[]> = {
  'n:s:100': ['HSET', 'id', '100'],
  'n:s:101': ['SET', '{"id":101}'],
  'n:s:102': ['RPUSH', 'an item'],
  'n:s:103': ['SADD', 'a member'],
  'n:s:104': ['ZADD', '1', 'a member'],
  'n:s:x': ['HSET', '_airbyte_ab_id', '2'],
  'n:s:1:x': ['SET', 'of a stream s:1'],
}

export async function plantOthers(client: Redis): Promise<void> {
  for (const [key, [command, ...args]] of Object.entries(OTHERS)) await client.call(command!, key, ...args)
}

export async function expectOthers(client: Redis): Promise<void> {
  expect(await client.hgetall('n:s:100')).toEqual({ id: '100' })
  expect(await client.get('n:s:101')).toBe('{"id":101}')
  expect(await client.exists(...Object.keys(OTHERS))).toBe(Object.keys(OTHERS).length)
}

/** Runs a complete replace. */
export async function replace(
  server: Server,
  generation: number,
  ids: number[],
  { mode, options, name = 's' }: { mode?: CatalogStream['mode']; options: object; name?: string },
): Promise<ConnectorRun> {
  return sync(server, streamOf(name, mode, generation), ids, options)
}

export async function sync(
  server: Server,
  stream: CatalogStream,
  ids: number[],
  options: object,
): Promise<ConnectorRun> {
  const run = await write(server, [stream], [...rows(stream.name, ids), complete(stream.name)], options)
  expect(run.errors).toEqual([])
  expect(run.code).toBe(0)
  return run
}

export function streamOf(
  name: string,
  mode: CatalogStream['mode'],
  generation: number,
  minimumGeneration = generation,
): CatalogStream {
  return { name, namespace: 'n', mode: mode ?? 'append', primaryKey: [['id']], generation, minimumGeneration }
}

export function rows(name: string, ids: number[]): string[] {
  return ids.map((id) => record(name, { id, group: id, ['only' + id]: true }, { namespace: 'n' }))
}

export function complete(name: string): string {
  return status(name, 'COMPLETE', { namespace: 'n' })
}

/** Returns the ids of the stream's records, whatever their keys. */
export async function idsFound(client: Redis, name = 's'): Promise<number[]> {
  const keys = (await recordKeys(client)).filter((key) => `${key}:`.startsWith(`n:${name}:`))
  return (await Promise.all(keys.map((key) => idsIn(client, key))))
    .flat()
    .toSorted((one, other) => one - other)
}

async function idsIn(client: Redis, key: string): Promise<number[]> {
  const texts = await textsIn(client, key, await client.type(key))
  return texts.flatMap((text) => /^\d+$|(?<="id":)\d+/.exec(text)?.map(Number) ?? [])
}

async function textsIn(client: Redis, key: string, kind: string): Promise<string[]> {
  if (kind === 'string') return [(await client.get(key))!]
  if (kind === 'list') return client.lrange(key, 0, -1)
  if (kind === 'set') return client.smembers(key)
  if (kind === 'zset') return client.zrange(key, '0', '-1')
  if (kind === 'stream') return (await client.xrange(key, '-', '+')).map(([, entry]) => entry.at(-1)!)
  const { id, _airbyte_data: data, ...hash } = await client.hgetall(key)
  return id !== undefined ? [id] : data !== undefined ? [data] : Object.values(hash)
}

/** Returns the keys of the stream, without those of other writers and of the connector. */
export async function recordKeys(client: Redis): Promise<string[]> {
  const keys = (await client.keys('*')).filter(
    (key) => !/^_airbyte:|:_airbyte_ab_id$/.test(key) && !(key in OTHERS),
  )
  const kinds = await Promise.all(keys.map((key) => client.type(key)))
  return keys.filter((key, at) => kinds[at] !== 'string' || /^n:.*:/.test(key)).toSorted()
}
