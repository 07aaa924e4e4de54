import { describe, expect, it } from 'vitest'
import { ConfigError, failureTypeOf, SystemError, TransientError } from '../../errors.ts'
import { ProtocolError } from '../resp/reply-reader.ts'
import { classify, classifyReply } from './error-classifier.ts'

const HERE = 'redis.example.com:6379'

describe('the verdict on an error reply', () => {
  it.each([
    [
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'record',
      'config_error',
      'another Redis type',
    ],
    [
      'ERR Error running script (call to f_0a1b): @user_script:3: WRONGTYPE Operation against a key',
      'record',
      'config_error',
      'another Redis type',
    ],
    [
      'ERR Error running script (call to f_0a1b): @user_script: 3: -OOM command not allowed',
      'again',
      'transient_error',
      'maxmemory',
    ],
    [
      'EXECABORT Transaction discarded because of: OOM command not allowed',
      'again',
      'transient_error',
      'maxmemory',
    ],
    ['ERR value is not a valid float', 'record', 'config_error', 'too large'],
    [
      'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
      'record',
      'config_error',
      'too large for Redis',
    ],
    ['NOSCRIPT No matching script. Please use EVAL.', 'again', 'transient_error', 'forget its scripts'],
    ['LOADING Redis is loading the dataset in memory', 'again', 'transient_error', 'still loading'],
    [
      "READONLY You can't write against a read only replica.",
      'again',
      'transient_error',
      'read-only replica',
    ],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'again',
      'transient_error',
      'lost its master',
    ],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'again', 'transient_error', 'maxmemory'],
    ['NOREPLICAS Not enough good replicas to write.', 'again', 'transient_error', 'too few replicas'],
    [
      'MISCONF Redis is configured to save RDB snapshots, but is unable to persist',
      'again',
      'transient_error',
      'cannot save to disk',
    ],
    ['BUSY Redis is busy running a script.', 'again', 'transient_error', 'busy'],
    [
      'TRYAGAIN Multiple keys request during rehashing of slot',
      'again',
      'transient_error',
      'busy or being reorganised',
    ],
    ['CLUSTERDOWN The cluster is down', 'again', 'transient_error', 'busy or being reorganised'],
    ['ERR max number of clients reached', 'again', 'transient_error', 'maxclients'],
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'stop',
      'config_error',
      'refuses the login',
    ],
    ['ERR invalid password', 'stop', 'config_error', 'refuses the login'],
    ['NOAUTH Authentication required.', 'stop', 'config_error', 'wants a password'],
    [
      'ERR AUTH <password> called without any password configured for the default user.',
      'stop',
      'config_error',
      'has no password',
    ],
    ['ERR Client sent AUTH, but no password is set', 'stop', 'config_error', 'has no password'],
    ['ERR DB index is out of range', 'stop', 'config_error', 'no such database'],
    ['ERR invalid DB index', 'stop', 'config_error', 'no such database'],
    ['ERR SELECT is not allowed in cluster mode', 'stop', 'config_error', 'no such database'],
    ["NOPERM this user has no permissions to run the 'hmset' command", 'stop', 'config_error', 'permission'],
    [
      'ERR something that nobody has seen yet',
      'stop',
      'system_error',
      'answered: ERR something that nobody has seen yet',
    ],
  ])('%s', (reply, handling, failureType, words) => {
    const judgement = classifyReply(reply, HERE)
    expect(judgement.handling).toBe(handling)
    expect(judgement.error.failureType).toBe(failureType)
    expect(judgement.error.message).toContain(words)
  })

  it.each(['LOADING', 'READONLY', 'OOM', 'NOAUTH', 'WRONGPASS', 'NOPERM', 'ERR DB index', 'ERR new'])(
    'names the server: %s',
    (reply) => expect(classifyReply(reply, HERE).error.message).toContain(HERE),
  )

  it.each([
    [
      "ERR unknown command 'HMSET', with args beginning with: 'users:1' 'secret\n value' ",
      `Redis at ${HERE} does not know HMSET, which the sync needs. Its provider has taken the command away, or it is too old.`,
    ],
    [
      'ERR unknown command `XADD`, with args beginning with: `users:1`, `secret`, ',
      `Redis at ${HERE} does not know XADD, which the sync needs. Redis has it from version 5.0 on, unless a provider has taken it away.`,
    ],
    [
      "ERR unknown subcommand 'X', with args beginning with: 'secret' ",
      `Redis at ${HERE} answered: ERR unknown subcommand 'X'`,
    ],
  ])('leaves out what the server repeats of the data: %s', (reply, told) => {
    expect(classifyReply(reply, HERE).error.message).toBe(told)
  })

  it('does not repeat a long answer in full', () => {
    expect(classifyReply(`ERR ${'x'.repeat(10_000)}`, HERE).error.message.length).toBeLessThan(300)
  })
})

describe('the verdict on another error', () => {
  it.each([
    ['ENOTFOUND', 'is not known'],
    ['EAI_AGAIN', 'could not be looked up'],
    ['ECONNREFUSED', 'Nothing listens'],
    ['EHOSTUNREACH', 'cannot be reached'],
    ['ENETUNREACH', 'cannot be reached'],
    ['ETIMEDOUT', 'does not answer'],
    ['ECONNRESET', 'was lost'],
    ['EPIPE', 'was lost'],
    [undefined, 'was lost'],
  ])('of the network, %s, is to try again', (code, words) => {
    const cause = Object.assign(new Error('low-level words'), { code })
    const { handling, error } = classify(cause, HERE)
    expect(handling).toBe('again')
    expect(failureTypeOf(error)).toBe('transient_error')
    expect(error.message).toContain(words)
    expect(error.message).toContain(HERE)
    expect(error.cause).toBe(cause)
  })

  it('of a server that speaks something else is to stop', () => {
    const { handling, error } = classify(new ProtocolError('the reply is not RESP'), HERE)
    expect(handling).toBe('stop')
    expect(error).toEqual(new ConfigError(`What answers at ${HERE} is not Redis. Check host and port.`))
  })

  it('of a reply that was thrown is the one on the reply', () => {
    const thrown = Object.assign(new Error('LOADING Redis is loading'), { name: 'ReplyError' })
    expect(classify(thrown, HERE)).toEqual(classifyReply('LOADING Redis is loading', HERE))
  })

  it.each([
    [new TransientError('t'), 'again'],
    [new ConfigError('c'), 'stop'],
    [new SystemError('s'), 'stop'],
  ])('that has been judged already stays as it is: %o', (error, handling) => {
    expect(classify(error, HERE)).toEqual({ handling, error })
    expect(classify(error, HERE).error).toBe(error)
  })
})
