import { describe, expect, it } from 'vitest'
import { planWith } from '../streams/stream-sessions.support.ts'
import { parse } from '../../config/parsing/parsed.support.ts'
import { modeCommands, requiredCommands, requirementsOf } from './required-commands.ts'
import type { CommandRequirement } from '../../redis/commands/command-probe.ts'
import { ALL_CAPABILITIES, capabilitiesOf } from '../../redis/commands/capabilities.ts'

const KEYS = { key: 'k', other: 'l' }
const EXPIRY = ['SET', 'PEXPIRE', 'DEL']
const SHARED_EXPIRY = ['TYPE', 'PERSIST', 'SET', 'PEXPIRE', 'EVAL', 'DEL']
const TRANSACTION = ['MULTI', 'SET', 'EXEC', 'DEL']
const GUARD = ['EXISTS', 'SET', 'RENAME', 'DEL', 'EVAL']
const HASH_SCRIPT = ['HLEN', 'PERSIST', 'PEXPIREAT', 'SCRIPT LOAD', 'EVALSHA', 'DEL']
/** Of hashes that are replaced, several in one transaction. */
const REPLACED = ['EVAL', 'MULTI', 'HMSET', 'EXEC', 'DEL']
/** Of the members of a sorted set that exist. */
const MEMBERS = ['ZADD', 'ZSCORE', 'SCRIPT LOAD', 'EVALSHA', 'DEL']
const LIST = ['RPUSH', 'LPUSH', 'LTRIM', 'DEL']

/** Of a Redis stream. */
const TAKING_BACK = [
  'XRANGE',
  'XDEL',
  'HSCAN',
  'XADD',
  'XLEN',
  'XINFO STREAM',
  'XINFO GROUPS',
  'DEL',
  'EVAL',
  'EVAL',
]

describe('the commands that a structure needs', () => {
  it.each<[options: object, commands: string[]]>([
    [{ cache_type: 'hash' }, []],
    [{ cache_type: 'hash', data_format: 'flat', on_update: 'merge' }, []],
    [{ cache_type: 'hash', data_format: 'flat' }, [...HASH_SCRIPT, ...REPLACED]],
    [{ cache_type: 'hash', data_format: 'flat', write_condition: 'if_absent' }, HASH_SCRIPT],
    [{ cache_type: 'hash', ttl_seconds: 60 }, [...EXPIRY, ...HASH_SCRIPT]],
    [{ cache_type: 'hash', expire_at_field: 'until' }, [...EXPIRY, ...HASH_SCRIPT]],
    [{ cache_type: 'hash', write_condition: 'if_absent' }, HASH_SCRIPT],
    [{ cache_type: 'hash', hash_field: '${id}' }, []],
    [{ cache_type: 'hash', hash_field: '${id}', write_condition: 'if_absent' }, []],
    [
      { cache_type: 'hash', hash_field: '${id}', write_condition: 'if_exists' },
      ['HEXISTS', 'SCRIPT LOAD', 'EVALSHA'],
    ],
    [{ cache_type: 'hash', hash_field: '${id}', ttl_seconds: 60 }, [...SHARED_EXPIRY, ...TRANSACTION]],
    [{ cache_type: 'string' }, ['SET', 'DEL']],
    [{ cache_type: 'string', ttl_seconds: 60, write_condition: 'if_exists' }, [...EXPIRY, 'SET', 'DEL']],
    [{ cache_type: 'set' }, ['SADD', 'DEL']],
    [{ cache_type: 'sorted_set', ttl_seconds: 60 }, [...SHARED_EXPIRY, 'ZADD', 'DEL', ...TRANSACTION]],
    [{ cache_type: 'sorted_set', write_condition: 'if_absent' }, ['ZADD', 'DEL']],
    [{ cache_type: 'sorted_set', write_condition: 'if_exists' }, ['ZADD', 'DEL', ...MEMBERS]],
    [{ cache_type: 'list' }, [...LIST, ...TRANSACTION]],
    [{ cache_type: 'list', write_condition: 'if_exists' }, [...LIST, 'RPUSHX', 'LPUSHX', ...TRANSACTION]],
    [{ cache_type: 'stream' }, ['XADD', 'DEL', ...TRANSACTION]],
    [
      { cache_type: 'list', on_retry: 'roll_back' },
      [...LIST, 'HSCAN', 'LLEN', 'EVAL', 'EVAL', ...TRANSACTION],
    ],
    [{ cache_type: 'stream', on_retry: 'roll_back' }, ['XADD', 'DEL', ...TAKING_BACK, ...TRANSACTION]],
    [
      { cache_type: 'stream', write_condition: 'if_exists' },
      ['XADD', 'DEL', 'XADD NOMKSTREAM', ...TRANSACTION],
    ],
  ])('%j: %j', (options, commands) => {
    const { settings, liveLayout: layout } = planWith(options)
    const requirements = requirementsOf(settings)
    expect(namesOf(requirements)).toEqual(commands)
    // The probes cover the scripts and transactions of the layout.
    const loaded = layout.scripts.filter(({ replaces }) => replaces === undefined)
    expect(commands.includes('SCRIPT LOAD')).toBe(loaded.length > 0)
    expect(commands.includes('MULTI')).toBe(layout.deliveryMode !== 'pipeline')
  })

  it('are scripts on servers that lack an option', () => {
    const { settings } = planWith({ cache_type: 'stream', write_condition: 'if_exists' })
    const names = namesOf(requirementsOf(settings), capabilitiesOf([6, 0, 0]))
    expect(names).toEqual(['XADD', 'DEL', 'EXISTS', 'EVAL', ...TRANSACTION])
  })
})

describe('the commands that only some sync modes need', () => {
  it.each<[options: object, commands: string[]]>([
    [{ cache_type: 'string' }, []],
    [{ cache_type: 'hash' }, HASH_SCRIPT],
    [{ cache_type: 'list' }, ['LRANGE', 'HSCAN', 'LLEN', 'EVAL', 'EVAL', 'RPUSHX', 'LPUSHX', ...GUARD]],
    [{ cache_type: 'stream' }, ['XTRIM', ...TAKING_BACK, 'XADD NOMKSTREAM', ...GUARD]],
    [{ cache_type: 'set' }, ['SRANDMEMBER', 'SREM']],
    [{ cache_type: 'sorted_set' }, ['ZRANGE', ...MEMBERS]],
    [{ cache_type: 'hash', hash_field: '${id}' }, ['HLEN', 'HEXISTS', 'SCRIPT LOAD', 'EVALSHA']],
  ])('%j: those of the key index, of replacing, and of conditions', (options, commands) => {
    const { config } = parse({ host: 'h', ...options })
    const [index, ...others] = modeCommands(config)
    const own = others.filter(({ neededFor }) => !neededFor.startsWith('replacing many records'))
    expect(namesOf([index!])).toContain('HSCAN')
    expect(namesOf(own)).toEqual(commands)
  })

  it('are none that every sync needs', () => {
    const { config } = parse({ host: 'h', track_keys: 'always', cache_type: 'hash', data_format: 'flat' })
    expect(modeCommands(config)).toEqual([])
    expect(requiredCommands(config).map(({ neededFor }) => neededFor)).toHaveLength(4)
  })
})

function namesOf(requirements: readonly CommandRequirement[], capabilities = ALL_CAPABILITIES): string[] {
  return requirements.flatMap(({ probes }) => probes(KEYS, capabilities).map(({ name }) => name))
}
