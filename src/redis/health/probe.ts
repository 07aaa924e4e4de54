/** Proves that a server takes what a run does to it: runs each command that is needed on a key of its own. */
import type { Connection } from '../config/config.ts'
import { ConfigError, type ConnectorError } from '../errors.ts'
import { openConnection, type OpenConnection, type Reply } from './connect.ts'
import { FIELD_SCRIPT, HASH_SCRIPT, type Script } from './scripts.ts'
import { judge, type Where } from './verdict.ts'

/** What a run may need of a server besides counters, hashes and the removal of keys. */
export type Need =
  | 'string'
  | 'list'
  | 'set'
  | 'sorted_set'
  | 'stream'
  | 'transaction'
  | 'expiry'
  | 'hash_script'
  | 'field_script'

type Step = readonly [command: string, args: readonly string[], expected: string | RegExp]

export interface Probe {
  /** What is wrong, if anything is. */
  problem?: ConnectorError
  /** What the operator may want to know. */
  notices: string[]
}

/** Connects and runs every step on `key`, which does not exist before or afterwards. */
export async function probe(connection: Connection, key: string, needs: ReadonlySet<Need>): Promise<Probe> {
  const where = `${connection.host}:${connection.port}`
  let server: OpenConnection
  try {
    server = await openConnection(connection)
  } catch (error) {
    return { problem: judge(error, where).error, notices: [] }
  }
  await using _ = server
  for (const step of stepsOn(key, needs)) {
    const problem = await take(step, server, where)
    if (problem !== undefined) return { problem, notices: [] }
  }
  return { notices: needs.has('expiry') ? await expiryNotices(server) : [] }
}

function stepsOn(key: string, needs: ReadonlySet<Need>): Step[] {
  const unlink: Step = ['UNLINK', [key], '1']
  const steps: Record<Need, readonly Step[]> = {
    string: [['SET', [key, 'written', 'PX', '60000'], 'OK'], unlink],
    list: [
      ['RPUSH', [key, 'written'], '1'],
      ['LPUSH', [key, 'written'], '2'],
      ['LTRIM', [key, '0', '0'], 'OK'],
      unlink,
    ],
    set: [['SADD', [key, 'written'], '1'], unlink],
    sorted_set: [['ZADD', [key, '1', 'written'], '1'], unlink],
    stream: [['XADD', [key, 'MAXLEN', '~', '10', '*', 'probe', 'written'], /^\d+-\d+$/], unlink],
    transaction: [['MULTI', [], 'OK'], ['SET', [key, '1', 'EX', '60'], 'QUEUED'], ['EXEC', [], 'OK'], unlink],
    expiry: [['HSET', [key, 'probe', 'written'], '1'], ['PEXPIRE', [key, '60000'], '1'], unlink],
    hash_script: [
      ['SCRIPT', ['LOAD', HASH_SCRIPT.text], HASH_SCRIPT.sha],
      ['EVALSHA', [...call(HASH_SCRIPT, key), 'replace always', 'keep', 'probe', 'written'], '1'],
      unlink,
    ],
    field_script: [
      ['SCRIPT', ['LOAD', FIELD_SCRIPT.text], FIELD_SCRIPT.sha],
      ['EVALSHA', [...call(FIELD_SCRIPT, key), 'probe', 'written'], '0'],
    ],
  }
  return [
    ['PING', [], 'PONG'],
    ['INCRBY', [key, '1'], '1'],
    ['GET', [key], '1'],
    unlink,
    ['HMSET', [key, 'probe', 'written'], 'OK'],
    ['HGET', [key, 'probe'], 'written'],
    ['TYPE', [key], 'hash'],
    ['HSET', [key, 'probe', 'written again'], '0'],
    ['HDEL', [key, 'none'], '0'],
    ['HGETALL', [key], /./],
    unlink,
    // As a lease is taken and renewed.
    ['SET', [key, 'held', 'PX', '60000', 'NX'], 'OK'],
    ['PEXPIRE', [key, '60000'], '1'],
    ['PTTL', [key], /^\d+$/],
    ['DEL', [key], '1'],
    ...[...needs].flatMap((need) => steps[need]),
  ]
}

function call({ sha }: Script, key: string): string[] {
  return [sha, '1', key]
}

async function take([command, args, expected]: Step, server: OpenConnection, where: Where) {
  let reply: Reply
  try {
    reply = await server.call(command, ...args)
  } catch (error) {
    const { error: judged } = judge(error, where)
    return new ConfigError(`${command} does not work. ${judged.message}`, { cause: judged })
  }
  const text = String(reply)
  if (typeof expected === 'string' ? text === expected : expected.test(text)) return undefined
  return new ConfigError(
    `${command} does not work: Redis at ${where} did not answer as expected. Is it a proxy?`,
  )
}

/** Applications may want to be told when keys end, which servers do only when they are set to. */
async function expiryNotices(server: OpenConnection): Promise<string[]> {
  let reply: Reply
  try {
    reply = await server.call('CONFIG', 'GET', 'notify-keyspace-events')
  } catch {
    return [
      'Keys are given a time to live. Whether Redis announces their end (notify-keyspace-events) is unknown, as CONFIG GET is denied.',
    ]
  }
  const flags = Array.isArray(reply) ? String(reply[1] ?? '') : ''
  if (/[KE]/.test(flags) && /[xA]/.test(flags)) return []
  return [
    'Keys are given a time to live, and Redis does not announce their end. If an application waits for that, set notify-keyspace-events to Ex.',
  ]
}
