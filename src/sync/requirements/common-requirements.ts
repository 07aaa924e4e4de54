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
    commandProbe('GET', [key], '2'),
    commandProbe('UNLINK', [key], '1'),
    commandProbe('HMSET', [key, 'probe', 'written'], 'OK'),
    commandProbe('HGET', [key, 'probe'], 'written'),
    commandProbe('HSET', [key, 'probe', 'written again'], '0'),
    commandProbe('HSETNX', [key, 'probe', 'written again'], '0'),
    commandProbe('HINCRBY', [key, 'count', '1'], '1'),
    commandProbe('HDEL', [key, 'count'], '1'),
    commandProbe('HGETALL', [key], /./),
    removalProbe(key),
  ],
}

export const TRANSACTION: CommandRequirement = {
  neededFor: 'a list, a Redis stream, or many records under a key that ends',
  probes: ({ key }) => [
    commandProbe('MULTI', [], 'OK'),
    commandProbe('SET', [key, '1', 'EX', '60'], 'QUEUED'),
    commandProbe('EXEC', [], 'OK'),
    removalProbe(key),
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
  neededFor: 'knowing what was written (append_dedup, overwrite, refreshes, track_keys)',
  probes: ({ key }) => [
    commandProbe('HMGET', [key, 'probe'], /^/),
    commandProbe('HSCAN', [key, '0', 'COUNT', '10'], /^0/),
    commandProbe('TYPE', [key], 'none'),
    commandProbe('ZADD', [key, '1', 'probe'], '1'),
    commandProbe('ZRANGEBYSCORE', [key, '-inf', '2', 'LIMIT', '0', '10'], 'probe'),
    commandProbe('ZREM', [key, 'probe'], '1'),
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
