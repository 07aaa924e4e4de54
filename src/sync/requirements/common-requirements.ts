/** The commands that several configurations or sync modes need, whatever the structure. */
import { commandProbe, removalProbe, type CommandRequirement } from '../../redis/commands/command-probe.ts'
import { LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'
import { SWAP_SCRIPT } from '../../redis/commands/swap-script.ts'

export const EVERY_SYNC: CommandRequirement = {
  neededFor: 'every sync',
  probes: ({ key }) => [
    // A lease is taken and renewed with these. They come first: if DEL and UNLINK are denied, the key still expires.
    commandProbe('SET', [key, '1', 'PX', '60000', 'NX'], 'OK'),
    commandProbe('PTTL', [key], /^\d+$/),
    commandProbe('PEXPIRE', [key, '60000'], '1'),
    commandProbe('INCRBY', [key, '1'], '2'),
    commandProbe('INCR', [key], '3'),
    commandProbe('GET', [key], '3'),
    commandProbe('TYPE', [key], 'string'),
    commandProbe('UNLINK', [key], '1'),
    commandProbe('HMSET', [key, 'probe', 'written', 'other', '1'], 'OK'),
    commandProbe('HGET', [key, 'probe'], 'written'),
    commandProbe('HMGET', [key, 'probe'], 'written'),
    commandProbe('HSET', [key, 'probe', 'written again'], '0'),
    commandProbe('HSETNX', [key, 'count', '1'], '1'),
    commandProbe('HMGET', [key, 'probe'], /^/),
    commandProbe('HGETALL', [key], /./),
    commandProbe('HDEL', [key, 'other'], '1'),
    removalProbe(key),
    commandProbe('SMEMBERS', [key], ''),
    commandProbe('SADD', [key, 'written'], '1'),
    commandProbe('SREM', [key, 'probe'], '0'),
    removalProbe(key),
  ],
}

export const TRANSACTION: CommandRequirement = {
  neededFor: 'a list, a Redis stream, or a time to live of a key with many records',
  probes: ({ key }) => [
    commandProbe('MULTI', [], 'OK'),
    commandProbe('SET', [key, '1', 'EX', '60'], 'QUEUED'),
    commandProbe('EXEC', [], 'OK'),
    removalProbe(key),
  ],
}

/** Without these commands, transactions that must run exactly once are sent one at a time. */
export const GUARDED_TRANSACTION: CommandRequirement = {
  neededFor: 'sending several transactions for a list or a Redis stream at a time',
  probes: ({ key, other }) => [
    commandProbe('EXISTS', [key], '0'),
    commandProbe('SET', [key, '1'], 'OK'),
    commandProbe('RENAME', [key, other], 'OK'),
    removalProbe(other),
    commandProbe('EVAL', ['return 1', '1', key], '1'),
  ],
}

export const EXPIRY: CommandRequirement = {
  neededFor: 'a time to live',
  probes: ({ key }) => [
    commandProbe('SET', [key, '1'], 'OK'),
    commandProbe('PEXPIRE', [key, '60000'], '1'),
    removalProbe(key),
  ],
}

export const SHARED_EXPIRY: CommandRequirement = {
  neededFor: 'a time to live of a key with many records',
  probes: ({ key }) => [
    commandProbe('TYPE', [key], 'none'),
    commandProbe('PERSIST', [key], '0'),
    commandProbe('SET', [key, '1'], 'OK'),
    commandProbe('PEXPIRE', [key, '60000'], '1'),
    commandProbe('EVAL', [LIFETIME_SCRIPT, '1', key, '60000', 'string'], '1'),
    removalProbe(key),
  ],
}

export const KEY_INDEX: CommandRequirement = {
  neededFor: 'the key index (append_dedup, overwrite, refreshes, track_keys)',
  probes: ({ key }) => [
    commandProbe('HMGET', [key, 'probe'], /^/),
    commandProbe('HSCAN', [key, '0', 'COUNT', '10'], /^0/),
    commandProbe('HKEYS', [key], ''),
    commandProbe('TYPE', [key], 'none'),
    commandProbe('ZADD', [key, '1', 'probe'], '1'),
    commandProbe('ZRANGEBYSCORE', [key, '-inf', '2', 'LIMIT', '0', '10'], 'probe'),
    commandProbe('ZCARD', [key], '1'),
    commandProbe('ZREM', [key, 'probe'], '1'),
    commandProbe('ZREMRANGEBYSCORE', [key, '-inf', '2'], '0'),
  ],
}

export const SWAP: CommandRequirement = {
  neededFor: 'replacing many records under one key (overwrite, refreshes)',
  probes: ({ key, other }) => [
    commandProbe('EXISTS', [key], '0'),
    commandProbe('SET', [key, '1'], 'OK'),
    commandProbe('RENAME', [key, other], 'OK'),
    removalProbe(other),
    commandProbe('EVAL', [SWAP_SCRIPT.text, '2', key, other, 'none', '0'], '0'),
  ],
}

export const REPLICAS: CommandRequirement = {
  neededFor: 'durability: replicas',
  probes: () => [commandProbe('WAIT', ['0', '1'], /^\d+$/)],
}

export const FSYNC: CommandRequirement = {
  neededFor: 'durability: fsync (Redis 7.2 and newer)',
  probes: () => [commandProbe('WAITAOF', ['1', '0', '1'], /^\d/)],
}
