/** Proves that a server takes what a run does to it: writes, reads and deletes one key, as each command is needed. */
import type { Connection } from '../config/config.ts'
import { ConfigError, type ConnectorError } from '../errors.ts'
import { openConnection, type OpenConnection, type Reply } from './connect.ts'
import { judge, type Where } from './verdict.ts'

type Step = readonly [command: string, args: readonly string[], expected: string]

/** Connects and runs every step on `key`, which does not exist before or afterwards. Gives what is wrong, if any. */
export async function probe(connection: Connection, key: string): Promise<ConnectorError | undefined> {
  const where = `${connection.host}:${connection.port}`
  let server: OpenConnection
  try {
    server = await openConnection(connection)
  } catch (error) {
    return judge(error, where).error
  }
  await using _ = server
  for (const step of stepsOn(key)) {
    const problem = await take(step, server, where)
    if (problem !== undefined) return problem
  }
  return undefined
}

function stepsOn(key: string): Step[] {
  return [
    ['PING', [], 'PONG'],
    ['INCRBY', [key, '1'], '1'],
    ['GET', [key], '1'],
    ['UNLINK', [key], '1'],
    ['HMSET', [key, 'probe', 'written'], 'OK'],
    ['HGET', [key, 'probe'], 'written'],
    ['TYPE', [key], 'hash'],
    ['HSET', [key, 'probe', 'written again'], '0'],
    ['UNLINK', [key], '1'],
  ]
}

async function take([command, args, expected]: Step, server: OpenConnection, where: Where) {
  let reply: Reply
  try {
    reply = await server.call(command, ...args)
  } catch (error) {
    const { error: judged } = judge(error, where)
    return new ConfigError(`${command} does not work. ${judged.message}`, { cause: judged })
  }
  if (String(reply) === expected) return undefined
  return new ConfigError(
    `${command} does not work: Redis at ${where} did not answer as expected. Is it a proxy?`,
  )
}
