import { describe, expect, it } from 'vitest'
import {
  ALL_CAPABILITIES,
  capabilitiesOf,
  commonCapabilities,
  guessVersion,
  isOlder,
  translate,
  versionIn,
} from './capabilities.ts'
import type { Reply } from '../resp/reply.ts'

const UNKNOWN = Object.assign(new Error("ERR unknown command 'x'"), { name: 'ReplyError' })
const FEW_ARGUMENTS = Object.assign(new Error('ERR wrong number of arguments'), { name: 'ReplyError' })

/** A server that has these commands, and shows it by complaining of their arguments. */
function serverWith(...commands: string[]) {
  return async (command: string): Promise<Reply> => {
    throw commands.includes(command) ? FEW_ARGUMENTS : UNKNOWN
  }
}

describe('a command', () => {
  it('is sent as it is to a server that has everything', () => {
    expect(translate('UNLINK', ['a', 'b'], ALL_CAPABILITIES)).toEqual(['UNLINK', ['a', 'b']])
  })

  it.each([
    ['UNLINK', ['a', 'b'], 'DEL', [4, 0, 0], [3, 2, 13]],
    ['HSET', ['k', 'a', '1', 'b', '2'], 'HMSET', [4, 0, 0], [3, 2, 13]],
  ] as const)('%s %j becomes %s before %j', (command, args, older, first, before) => {
    expect(translate(command, args, capabilitiesOf(first))).toEqual([command, args])
    expect(translate(command, args, capabilitiesOf(before))).toEqual([older, args])
  })

  it('HSET of one field is sent as it is to every server', () => {
    expect(translate('HSET', ['k', 'a', '1'], capabilitiesOf([2, 8, 24]))).toEqual(['HSET', ['k', 'a', '1']])
  })
})

describe('capabilities', () => {
  it('of several servers are those that all of them have', () => {
    const common = commonCapabilities([capabilitiesOf([6, 0, 20]), capabilitiesOf([7, 4, 1])])
    expect(common).toEqual(capabilitiesOf([6, 0, 20]))
    expect([common.setPxat, common.unlink]).toEqual([false, true])
  })

  it('cannot be changed', () => {
    expect([ALL_CAPABILITIES, commonCapabilities([])].every((one) => Object.isFrozen(one))).toBe(true)
  })
})

describe('a version', () => {
  it.each([
    [[2, 8, 24], [3, 0, 2], true],
    [[3, 0, 2], [3, 0, 2], false],
    [[10, 0, 0], [6, 2, 0], false],
    [[6, 2, 0], [6, 10, 0], true],
  ] as const)('%j is older than %j: %j', (one, other, is) => expect(isOlder(one, other)).toBe(is))

  it('is read from INFO; of compatible servers, that of the Redis they emulate', () => {
    const info = '# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n'
    expect(versionIn(info)).toEqual([7, 2, 4])
    expect(versionIn('undefined')).toBeUndefined()
  })

  it.each([
    [['WAIT', 'UNLINK', 'XADD', 'GETEX'], 'setPxat', true],
    [['WAIT', 'UNLINK', 'XADD'], 'setPxat', false],
    [['WAIT', 'UNLINK'], 'xaddNomkstream', false],
    [['WAIT'], 'unlink', false],
    [[], 'zaddConditions', false],
  ] as const)('that INFO does not report is guessed from %j: %s is %s', async (commands, name, has) => {
    expect(capabilitiesOf(await guessVersion(serverWith(...commands)))[name]).toBe(has)
  })

  it('is not guessed when the connection breaks on the way', async () => {
    const lost = new Error('lost')
    await expect(guessVersion(() => Promise.reject(lost))).rejects.toBe(lost)
  })
})
