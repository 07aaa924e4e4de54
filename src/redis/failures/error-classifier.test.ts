import { describe, expect, it } from 'vitest'
import { ConfigError, failureTypeOf, problem, SystemError, TransientError } from '../../errors.ts'
import { ProtocolError } from '../resp/protocol-error.ts'
import { classify, classifyReply } from './error-classifier.ts'

const HERE = 'redis.example.com:6379'

describe('an error reply', () => {
  it.each([
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'record', 'key-type-differs'],
    [
      'ERR Error running script (call to f_0a1b): @user_script:3: WRONGTYPE Operation against a key',
      'record',
      'key-type-differs',
    ],
    ['ERR value is not a valid float', 'record', 'value-too-large'],
    ['ERR string exceeds maximum allowed size (proto-max-bulk-len)', 'record', 'value-too-large'],
    [
      'ERR Error running script (call to f_0a1b): @user_script: 3: -OOM command not allowed',
      'retry',
      'memory-full',
    ],
    ['EXECABORT Transaction discarded because of: OOM command not allowed', 'retry', 'memory-full'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'retry', 'memory-full'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'retry', 'scripts-flushed'],
    ['LOADING Redis is loading the dataset in memory', 'retry', 'server-loading'],
    ["READONLY You can't write against a read only replica.", 'retry', 'server-is-replica'],
    ['UNBLOCKED force unblock from blocking operation', 'retry', 'server-demoted'],
    ['ERR WAIT cannot be used with replica instances.', 'retry', 'server-demoted'],
    ['ERR WAITAOF cannot be used with replica instances.', 'retry', 'server-demoted'],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'retry',
      'master-link-down',
    ],
    ['NOREPLICAS Not enough good replicas to write.', 'retry', 'too-few-replicas'],
    [
      'MISCONF Redis is configured to save RDB snapshots, but is unable to persist',
      'retry',
      'snapshot-failed',
    ],
    ['BUSY Redis is busy running a script.', 'retry', 'server-busy'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'retry', 'cluster-reorganised'],
    ['CLUSTERDOWN The cluster is down', 'retry', 'cluster-down'],
    ['ERR max number of clients reached', 'retry', 'too-many-clients'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'stop', 'login-refused'],
    ['ERR invalid password', 'stop', 'login-refused'],
    ['NOAUTH Authentication required.', 'stop', 'password-missing'],
    [
      'ERR AUTH <password> called without any password configured for the default user.',
      'stop',
      'password-not-expected',
    ],
    ['ERR Client sent AUTH, but no password is set', 'stop', 'password-not-expected'],
    ['ERR DB index is out of range', 'stop', 'database-unknown'],
    ['ERR invalid DB index', 'stop', 'database-unknown'],
    ['ERR SELECT is not allowed in cluster mode', 'stop', 'database-unknown'],
    ['ERR This instance has cluster support disabled', 'stop', 'server-is-no-cluster-node'],
    [
      'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
      'stop',
      'append-only-file-off',
    ],
    ['ERR something that no server has answered before', 'stop', 'unexpected-reply'],
  ])('%s', (reply, handling, code) => {
    const { handling: its, error } = classifyReply(reply, HERE)
    expect([its, error.problem?.code]).toEqual([handling, code])
    expect(error.failureType).toBe(
      code === 'unexpected-reply'
        ? 'system_error'
        : handling === 'retry'
          ? 'transient_error'
          : 'config_error',
    )
    // A record error names the key beside it; all others name the server.
    if (handling !== 'record') expect(error.problem?.params['where']).toBe(HERE)
  })

  it.each([
    ['MOVED 3300 h:2', 'cluster', 'retry', 'cluster-reorganised'],
    ['ASK 3300 h:2', 'cluster', 'retry', 'cluster-reorganised'],
    ['MOVED 3300 h:2', 'standalone', 'stop', 'server-is-cluster-node'],
    ['ASK 3300 h:2', 'sentinel', 'stop', 'server-is-cluster-node'],
  ] as const)('%s of a %s is to %s', (reply, deployment, handling, code) => {
    const { handling: its, error } = classifyReply(reply, { where: HERE, deployment })
    expect([its, error.problem?.code]).toEqual([handling, code])
  })

  it.each([
    ["ERR unknown command 'HMSET', with args beginning with: 'users:1' 'secret\n value' ", 'command-missing'],
    ['ERR unknown command `XADD`, with args beginning with: `users:1`, `secret`, ', 'command-missing'],
    ["ERR unknown subcommand 'X', with args beginning with: 'secret' ", 'unexpected-reply'],
  ])('is repeated without the data in it: %s', (reply, code) => {
    const { error } = classifyReply(reply, HERE)
    expect(error.problem?.code).toBe(code)
    expect(error.message).not.toMatch(/secret|users/)
  })

  it('is repeated only in part when it is long', () => {
    expect(classifyReply(`ERR ${'x'.repeat(10_000)}`, HERE).error.message.length).toBeLessThan(300)
  })
})

const SHA = '0123456789abcdef0123456789abcdef01234567'
const SCRIPT = "\nlocal key = KEYS[1]\nredis.call('HMSET', key, 'a', 1)\nredis.pcall('PERSIST', key)\n"
const CANNOT = "The user executing the script can't run this command or subcommand"

describe('a command that the user may not run', () => {
  it.each([
    ["NOPERM this user has no permissions to run the 'hmset' command", 'HMSET'],
    ["NOPERM this user has no permissions to run the 'client|kill' command or its subcommand", 'CLIENT KILL'],
    ["NOPERM User u has no permissions to run the 'xadd' command", 'XADD'],
    ["NOPERM ACL failure in script: User u has no permissions to run the 'hset' command", 'HSET'],
    [`ERR ${CANNOT} script: ${SHA}, on @user_script:3.`, 'HMSET'],
    [`ERR Error running script (call to f_${SHA}): @user_script:4: ${CANNOT}`, 'PERSIST'],
    [`ERR Error running script (call to f_${SHA}): @user_script: 3: ${CANNOT}`, 'HMSET'],
    // A line without a command calls a function of the script.
    [`ERR ${CANNOT} script: ${SHA}, on @user_script:2.`, 'HMSET PERSIST'],
  ])('is named, also within a script: %s', (reply, command) => {
    const { handling, error } = classifyReply(reply, { where: HERE, scripts: new Map([[SHA, SCRIPT]]) })
    expect([handling, error.problem]).toMatchObject([
      'stop',
      { code: 'command-denied', options: ['username'], params: { where: HERE, command } },
    ])
    expect(error).toBeInstanceOf(ConfigError)
  })

  it('is not named where neither the reply nor the script is known', () => {
    const { error } = classifyReply(`ERR ${CANNOT} script: ${SHA}, on @user_script:3.`, HERE)
    expect(error.problem).toMatchObject({ code: 'command-denied', params: { where: HERE } })
  })

  it.each([
    'NOPERM this user has no permissions to access one of the keys used as arguments',
    'NOPERM No permissions to access a key',
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: x",
  ])('is told apart from a key that the user may not use: %s', (reply) => {
    expect(classifyReply(reply, HERE).error.problem?.code).toBe('key-denied')
  })
})

it('a command that a server does not have within a script is named', () => {
  const reply = `ERR Unknown Redis command called from script script: ${SHA}, on @user_script:3.`
  const { error } = classifyReply(reply, { where: HERE, scripts: new Map([[SHA, SCRIPT]]) })
  expect(error.problem).toMatchObject({ code: 'command-missing', params: { command: 'HMSET' } })
})

describe('another error', () => {
  it.each([
    ['ENOTFOUND', 'host-unknown', ['host']],
    ['EAI_AGAIN', 'host-lookup-failed', ['host']],
    ['ECONNREFUSED', 'connection-refused', ['host', 'port']],
    ['EHOSTUNREACH', 'host-unreachable', ['host']],
    ['ENETUNREACH', 'host-unreachable', ['host']],
    ['ETIMEDOUT', 'connection-timeout', ['host', 'port']],
    ['ENOENT', 'unix-socket-missing', ['url']],
    ['EACCES', 'unix-socket-denied', ['url']],
    ['ECONNRESET', 'connection-lost', []],
    ['EPIPE', 'connection-lost', []],
    [undefined, 'connection-lost', []],
  ])('of the network, %s, is retried', (code, its, options) => {
    const cause = Object.assign(new Error('low-level words'), { code })
    const { handling, error } = classify(cause, HERE)
    expect([handling, failureTypeOf(error)]).toEqual(['retry', 'transient_error'])
    expect(error.problem).toMatchObject({ code: its, options })
    expect(error.message).toContain(HERE)
    expect(error.cause).toBe(cause)
  })

  it('of a server that is not Redis stops the run', () => {
    const { handling, error } = classify(new ProtocolError('not RESP'), HERE)
    expect(handling).toBe('stop')
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.problem).toMatchObject({ code: 'not-redis', options: ['host', 'port'] })
  })

  it.each([
    ['garbled', 'stop', 'reply-invalid', { where: HERE, command: 'GET' }],
    ['other type', 'stop', 'reply-invalid', { where: HERE, command: 'GET' }],
    ['too long', 'stop', 'reply-too-long', { where: HERE, command: 'GET' }],
    ['unasked', 'stop', 'reply-unasked', { where: HERE }],
    ['unasked error', 'retry', 'reply-unasked', { where: HERE }],
  ] as const)('that is a reply which is %s is handled by: %s', (violation, expected, code, params) => {
    const { handling, error } = classify(new ProtocolError(violation, 'GET'), HERE)
    expect(handling).toBe(expected)
    expect(error.problem).toMatchObject({ code, params })
  })

  it('that holds an error reply is classified like the reply', () => {
    const thrown = Object.assign(new Error('LOADING Redis is loading'), { name: 'ReplyError' })
    expect(classify(thrown, HERE)).toEqual(classifyReply('LOADING Redis is loading', HERE))
  })

  it.each([
    [new TransientError(problem('t', 't')), 'retry'],
    [new ConfigError(problem('c', 'c')), 'stop'],
    [new SystemError(problem('s', 's')), 'stop'],
  ])('that has been classified already stays as it is: %o', (error, handling) => {
    expect(classify(error, HERE)).toEqual({ handling, error })
    expect(classify(error, HERE).error).toBe(error)
  })
})
