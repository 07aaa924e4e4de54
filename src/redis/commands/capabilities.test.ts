import { afterEach, describe, expect, it } from 'vitest'
import { forgetServers, guessVersion, isOlder, knows, speakTo, versionIn, worded } from './capabilities.ts'
import type { Reply } from '../resp/reply.ts'

afterEach(forgetServers)

const UNKNOWN = Object.assign(new Error("ERR unknown command 'x'"), { name: 'ReplyError' })
const FEW_ARGUMENTS = Object.assign(new Error('ERR wrong number of arguments'), { name: 'ReplyError' })

/** A server that knows these commands, and tells so by complaining of their arguments. */
function serverWith(...commands: string[]) {
  return async (command: string): Promise<Reply> => {
    throw commands.includes(command) ? FEW_ARGUMENTS : UNKNOWN
  }
}

describe('what is said to servers', () => {
  it('is in the newest words as long as none is known to be old', () => {
    expect(worded('UNLINK', ['a', 'b'])).toEqual(['UNLINK', ['a', 'b']])
    expect(knows('SET PXAT')).toBe(true)
  })

  it.each([
    ['UNLINK', ['a', 'b'], 'DEL', [4, 0, 0]],
    ['HSET', ['k', 'a', '1', 'b', '2'], 'HMSET', [4, 0, 0]],
  ] as const)('%s %j is %s before %j', (command, args, older, version) => {
    speakTo(version)
    expect(worded(command, args)).toEqual([command, args])
    speakTo([3, 2, 13])
    expect(worded(command, args)).toEqual([older, args])
  })

  it('is the same for HSET of one field', () => {
    speakTo([2, 8, 24])
    expect(worded('HSET', ['k', 'a', '1'])).toEqual(['HSET', ['k', 'a', '1']])
  })

  it('is what the oldest of them knows, from then on', () => {
    speakTo([6, 0, 20])
    speakTo([7, 4, 1])
    expect(knows('SET PXAT')).toBe(false)
    expect(knows('UNLINK')).toBe(true)
  })
})

describe('a version', () => {
  it.each([
    [[2, 8, 24], [3, 0, 2], true],
    [[3, 0, 2], [3, 0, 2], false],
    [[10, 0, 0], [6, 2, 0], false],
    [[6, 2, 0], [6, 10, 0], true],
  ] as const)('%j is older than %j: %j', (one, other, is) => expect(isOlder(one, other)).toBe(is))

  it('is read from INFO; of other servers, that of the Redis they go with', () => {
    const info = '# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n'
    expect(versionIn(info)).toEqual([7, 2, 4])
    expect(versionIn('undefined')).toBeUndefined()
  })

  it.each([
    [['WAIT', 'UNLINK', 'XADD', 'GETEX'], false, 'SET PXAT'],
    [['WAIT', 'UNLINK', 'XADD'], true, 'SET PXAT'],
    [['WAIT', 'UNLINK'], true, 'XADD NOMKSTREAM'],
    [['WAIT'], true, 'UNLINK'],
    [[], true, 'ZADD NX'],
  ] as const)('that is not told is guessed from %j', async (commands, isOld, what) => {
    speakTo(await guessVersion(serverWith(...commands)))
    expect(knows(what)).toBe(!isOld)
  })

  it('is not guessed when the connection breaks on the way', async () => {
    const lost = new Error('lost')
    await expect(guessVersion(() => Promise.reject(lost))).rejects.toBe(lost)
  })
})
