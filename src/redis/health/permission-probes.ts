/**
 * What a run does to a server, as steps that a check can take on keys of its own: every command, those within scripts
 * too, so that the one that is missing can be named.
 */
import { knows } from '../commands/capabilities.ts'
import { STREAM_SCRIPT } from '../commands/fallback-scripts.ts'
import { FIELD_SCRIPT, HASH_SCRIPT } from '../commands/row-scripts.ts'
import { SWAP_SCRIPT } from '../commands/staging-scripts.ts'

export interface Step {
  readonly command: string
  readonly args: readonly string[]
  readonly expected: string | RegExp
  /** In sentences. */
  readonly name: string
}

/** Keys that do not exist, in one slot. */
export interface ProbeKeys {
  readonly key: string
  readonly other: string
}

/** What of a server a run may need, each with what needs it. */
export const NEEDS = {
  base: 'every sync',
  string: 'cache_type string',
  list: 'cache_type list',
  set: 'cache_type set',
  sorted_set: 'cache_type sorted_set',
  stream: 'a Redis stream (cache_type stream, dead letters; Redis 5 and newer)',
  transaction: 'a list, a Redis stream, or many records under a key that ends',
  expiry: 'a time to live',
  hash_script:
    'a hash that is replaced, is conditional, or ends (flat, write_condition, update, ttl_seconds)',
  field_script: 'hash_field under a condition (write_condition, update, soft_delete)',
  list_if_exists: 'a list under a condition (write_condition, update, soft_delete)',
  stream_if_exists: 'a Redis stream under a condition (write_condition, update, soft_delete)',
  places: 'knowing what was written (append_dedup, overwrite, refreshes, track_keys)',
  replace: 'replacing many records under one key (overwrite, refreshes)',
  replace_list: 'replacing a list (overwrite, refreshes)',
  replace_set: 'replacing a set (overwrite, refreshes), and removing members (append_dedup)',
  replace_sorted_set: 'replacing a sorted set (overwrite, refreshes)',
  replace_stream: 'replacing a Redis stream (overwrite, refreshes)',
  replace_hash: 'replacing a hash with many records (overwrite, refreshes)',
  replicas: 'durability: replicas',
  fsync: 'durability: fsync (Redis 7.2 and newer)',
} as const

export type Need = keyof typeof NEEDS

/** Leaves nothing behind, if every step works. */
export function stepsFor(need: Need, { key, other }: ProbeKeys): Step[] {
  const steps: Record<Need, () => Step[]> = {
    base: () => [
      // As a lease is taken and renewed; first, so that nothing stays for ever where nothing may be removed.
      step('SET', [key, '1', 'PX', '60000', 'NX'], 'OK'),
      step('PTTL', [key], /^\d+$/),
      step('PEXPIRE', [key, '60000'], '1'),
      step('INCRBY', [key, '1'], '2'),
      step('GET', [key], '2'),
      step('UNLINK', [key], '1'),
      step('HMSET', [key, 'probe', 'written'], 'OK'),
      step('HGET', [key, 'probe'], 'written'),
      step('HSET', [key, 'probe', 'written again'], '0'),
      step('HSETNX', [key, 'probe', 'written again'], '0'),
      step('HINCRBY', [key, 'count', '1'], '1'),
      step('HDEL', [key, 'count'], '1'),
      step('HGETALL', [key], /./),
      gone(key),
    ],
    string: () => [step('SET', [key, 'written', 'PX', '60000'], 'OK'), gone(key)],
    list: () => [
      step('RPUSH', [key, 'written'], '1'),
      step('LPUSH', [key, 'written'], '2'),
      step('LTRIM', [key, '0', '0'], 'OK'),
      gone(key),
    ],
    set: () => [step('SADD', [key, 'written'], '1'), gone(key)],
    sorted_set: () => [step('ZADD', [key, '1', 'written'], '1'), gone(key)],
    stream: () => [step('XADD', [key, 'MAXLEN', '~', '10', '*', 'probe', 'written'], /^\d+-\d+$/), gone(key)],
    transaction: () => [
      step('MULTI', [], 'OK'),
      step('SET', [key, '1', 'EX', '60'], 'QUEUED'),
      step('EXEC', [], 'OK'),
      gone(key),
    ],
    expiry: () => [step('SET', [key, '1'], 'OK'), step('PEXPIRE', [key, '60000'], '1'), gone(key)],
    hash_script: () => [
      step('HLEN', [key], '0'),
      step('PERSIST', [key], '0'),
      step('PEXPIREAT', [key, '1'], '0'),
      step('SCRIPT', ['LOAD', HASH_SCRIPT.text], HASH_SCRIPT.sha),
      step('EVALSHA', [HASH_SCRIPT.sha, '1', key, 'replace always', 'keep', 'probe', 'written'], '1'),
      gone(key),
    ],
    field_script: () => [
      step('HEXISTS', [key, 'probe'], '0'),
      step('SCRIPT', ['LOAD', FIELD_SCRIPT.text], FIELD_SCRIPT.sha),
      step('EVALSHA', [FIELD_SCRIPT.sha, '1', key, 'probe', 'written'], '0'),
    ],
    list_if_exists: () => [step('RPUSHX', [key, 'written'], '0'), step('LPUSHX', [key, 'written'], '0')],
    stream_if_exists: () =>
      knows('XADD NOMKSTREAM')
        ? [{ ...step('XADD', [key, 'NOMKSTREAM', '*', 'probe', 'written'], 'null'), name: 'XADD NOMKSTREAM' }]
        : [
            step('EXISTS', [key], '0'),
            step('SCRIPT', ['LOAD', STREAM_SCRIPT.text], STREAM_SCRIPT.sha),
            step('EVALSHA', [STREAM_SCRIPT.sha, '1', key, '*', 'probe', 'written'], '0'),
          ],
    places: () => [
      step('HMGET', [key, 'probe'], /^/),
      step('HSCAN', [key, '0', 'COUNT', '10'], /^0/),
      step('TYPE', [key], 'none'),
      step('ZADD', [key, '1', 'probe'], '1'),
      step('ZRANGEBYSCORE', [key, '-inf', '2', 'LIMIT', '0', '10'], 'probe'),
      step('ZREM', [key, 'probe'], '1'),
    ],
    replace: () => [
      step('EXISTS', [key], '0'),
      step('SET', [key, '1'], 'OK'),
      step('RENAME', [key, other], 'OK'),
      gone(other),
      step('EVAL', [SWAP_SCRIPT.text, '2', key, other, 'none', '0'], '0'),
    ],
    replace_list: () => [step('LRANGE', [key, '0', '1'], '')],
    replace_set: () => [step('SRANDMEMBER', [key, '1'], ''), step('SREM', [key, 'probe'], '0')],
    replace_sorted_set: () => [step('ZRANGE', [key, '0', '1'], '')],
    replace_stream: () => [
      step('XRANGE', [key, '-', '+', 'COUNT', '1'], ''),
      step('XTRIM', [key, 'MAXLEN', '1'], '0'),
      step('XDEL', [key, '0-0'], '0'),
    ],
    replace_hash: () => [step('HLEN', [key], '0')],
    replicas: () => [step('WAIT', ['0', '1'], /^\d+$/)],
    fsync: () => [step('WAITAOF', ['1', '0', '1'], /^\d/)],
  }
  return steps[need]()
}

function step(command: string, args: readonly string[], expected: string | RegExp): Step {
  return { command, args, expected, name: command === 'SCRIPT' ? 'SCRIPT LOAD' : command }
}

function gone(key: string): Step {
  return step('DEL', [key], '1')
}
