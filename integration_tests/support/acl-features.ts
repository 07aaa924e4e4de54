// Syncs that need the permissions of docs/security.md and no others.
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { record, status, streamState, type CatalogStream } from './messages.ts'
import type { RedisServer } from './redis-server.ts'
import { sync } from './sync.ts'
import { write } from './write.ts'

export const stream: CatalogStream = { name: 's', namespace: 'n', primaryKey: [['id']] }
export const rows = [
  { id: 1, name: 'x' },
  { id: 2, name: 'y' },
]

/** Runs syncs with these options of the configuration; the login is among them. */
type Syncs = (place: Place, options: object) => Promise<unknown>

interface Place {
  redis: RedisServer
  /** A client that has every permission. */
  admin: Redis
}

const append: Syncs = async ({ redis }, options) => {
  await sync(redis, { ...stream, mode: 'append' }, rows, { options })
  await sync(redis, { ...stream, mode: 'append' }, rows, { options })
}

/** Overwrites a stream both with generations and without them. */
const replace: Syncs = async ({ redis }, options) => {
  await sync(redis, { ...stream, mode: 'overwrite' }, rows, { options })
  await sync(redis, { ...stream, mode: 'overwrite' }, rows.slice(1), { options })
  await refresh(redis, options, 1, 0, true)
  // The records of an unfinished refresh join the existing ones when the next refresh replaces nothing.
  await refresh(redis, options, 2, 2, false)
  await refresh(redis, options, 3, 0, true)
  await refresh(redis, options, 4, 4, true)
}

function refresh(
  redis: RedisServer,
  options: object,
  generation: number,
  minimumGeneration: number,
  isComplete: boolean,
) {
  return sync(redis, { ...stream, generation, minimumGeneration }, rows, { options, isComplete })
}

const deduplicate: Syncs = async ({ redis }, options) => {
  const deduplicated: CatalogStream = { ...stream, mode: 'append_dedup', cursor: ['name'] }
  const deleted = { id: 1, name: 'z', _ab_cdc_deleted_at: '2026-01-01' }
  for (const tombstoneSeconds of [0, 600])
    await sync(redis, deduplicated, [...rows, deleted], {
      options: { ...options, tombstone_seconds: tombstoneSeconds },
    })
}

const update: Syncs = async ({ redis }, options) => {
  await sync(redis, { ...stream, mode: 'append' }, rows, { options })
  for (const mode of ['update', 'soft_delete'] as const)
    expect(
      (await write(redis, [{ ...stream, mode }], record('s', rows[0]!, { namespace: 'n' }), options)).errors,
    ).toEqual([])
}

const setAside: Syncs = async ({ redis, admin }, options) => {
  await admin.lpush('n:s', 'in the way')
  const input = record('s', rows[0]!, { namespace: 'n' }) + streamState('s', 1, { namespace: 'n' })
  const run = await write(redis, [stream], input, options)
  expect(run).toMatchObject({ code: 0, errors: [], states: [{}] })
  expect(await admin.xlen('_airbyte:dead_letter')).toBe(1)
}

/** Runs that fail, and runs that take back what these have written. */
const retry: Syncs = async ({ redis, admin }, options) => {
  const input = record('s', rows[0]!, { namespace: 'n' }) + status('s', 'INCOMPLETE', { namespace: 'n' })
  for (let attempt = 0; attempt < 2; attempt++)
    expect((await write(redis, [stream], input, options)).errors[0]?.failure_type).toBe('transient_error')
  await sync(redis, stream, rows, { options })
  expect(await admin.exists('_airbyte:attempt:n:s')).toBe(0)
  const isList = (await admin.type('n:s')) === 'list'
  expect(await (isList ? admin.llen('n:s') : admin.xlen('n:s'))).toBe(rows.length)
}

export interface Feature {
  title: string
  /** The names of lines in docs/security.md. */
  lines: string[]
  options?: object
  syncs: Syncs
}

const keyed = { data_format: 'json', cache_type: 'string' }

export const features: Feature[] = [
  { title: 'hashes', lines: ['base'], syncs: append },
  { title: 'a key prefix', lines: ['prefix'], options: { key_prefix: 'app:' }, syncs: append },
  { title: 'strings', lines: ['base'], options: { ...keyed, ttl_seconds: 60 }, syncs: append },
  { title: 'hash_field', lines: ['base'], options: { hash_field: '${id}' }, syncs: append },
  {
    title: 'flat hashes',
    lines: ['base', 'hash_script', 'replaced_hash'],
    options: { data_format: 'flat' },
    syncs: append,
  },
  {
    title: 'hashes that end',
    lines: ['base', 'hash_script'],
    options: { ttl_seconds: 60 },
    syncs: append,
  },
  {
    title: 'hashes that end at a time',
    lines: ['base', 'hash_script', 'check'],
    options: { expire_at_field: 'until' },
    syncs: append,
  },
  ...['list', 'set', 'sorted_set', 'stream'].map((cacheType) => ({
    title: `cache_type ${cacheType}`,
    lines: ['base', cacheType],
    options: { cache_type: cacheType },
    syncs: append,
  })),
  {
    title: 'a list that is trimmed',
    lines: ['base', 'list'],
    options: { cache_type: 'list', max_length: 1, list_operation: 'prepend' },
    syncs: append,
  },
  ...['set', 'sorted_set'].map((cacheType) => ({
    title: `a ${cacheType} that ends`,
    lines: ['base', cacheType, 'shared_expiry'],
    options: { cache_type: cacheType, ttl_seconds: 60 },
    syncs: append,
  })),
  { title: 'overwriting hashes', lines: ['base', 'key_index', 'hash_script'], syncs: replace },
  { title: 'overwriting strings', lines: ['base', 'key_index'], options: keyed, syncs: replace },
  ...['list', 'set', 'sorted_set', 'stream'].map((cacheType) => ({
    title: `overwriting a ${cacheType}`,
    lines: ['base', cacheType, 'key_index', 'replace', `replace_${cacheType}`],
    options: { cache_type: cacheType, ...(cacheType === 'stream' ? { max_length: 9 } : {}) },
    syncs: replace,
  })),
  {
    title: 'overwriting a hash with many records',
    lines: ['base', 'key_index', 'replace', 'replace_hash'],
    options: { hash_field: '${id}' },
    syncs: replace,
  },
  { title: 'deduplicated hashes', lines: ['base', 'key_index'], syncs: deduplicate },
  {
    title: 'a deduplicated set',
    lines: ['base', 'set', 'key_index', 'replace_set'],
    options: { cache_type: 'set', member: '${id}' },
    syncs: deduplicate,
  },
  {
    title: 'a deduplicated sorted set',
    lines: ['base', 'sorted_set', 'key_index'],
    options: { cache_type: 'sorted_set', member: '${id}' },
    syncs: deduplicate,
  },
  {
    title: 'updated hashes',
    lines: ['base', 'key_index', 'hash_script'],
    options: { data_format: 'flat' },
    syncs: update,
  },
  {
    title: 'updated fields',
    lines: ['base', 'key_index', 'field_script'],
    options: { hash_field: '${id}' },
    syncs: update,
  },
  ...['list', 'stream'].map((cacheType) => ({
    title: `taking back what was added to a ${cacheType}`,
    lines: ['base', cacheType, `roll_back_${cacheType}`],
    options: { cache_type: cacheType, on_retry: 'roll_back' },
    syncs: retry,
  })),
  {
    title: 'an updated list',
    lines: ['base', 'list', 'key_index', 'list_if_exists'],
    options: { cache_type: 'list', write_condition: 'if_exists' },
    syncs: async (place, options) => {
      await place.admin.lpush('n:s', 'there')
      await append(place, options)
    },
  },
  {
    title: 'updated members',
    lines: ['base', 'sorted_set', 'sorted_set_if_exists'],
    options: { cache_type: 'sorted_set', member: '${id}', write_condition: 'if_exists' },
    syncs: async (place, options) => {
      await place.admin.zadd('n:s', 1, '1')
      await append(place, options)
    },
  },
  {
    title: 'dead letters',
    lines: ['base', 'set', 'dead_letters'],
    options: { cache_type: 'set', on_record_error: 'dead_letter' },
    syncs: setAside,
  },
]
