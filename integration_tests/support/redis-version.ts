// Skips tests that need more than the version of the server has, with the reason.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Redis } from 'ioredis'
import type { TestContext } from 'vitest'
import { findRedis } from './redis-binary.ts'

/** By full name of tests: what they need, and the first version that has it. */
const NEEDS: readonly (readonly [name: RegExp, what: string, version: string])[] = [
  [/Redis streams?\b|\ba stream is about all|airbyte-stream/, 'Redis streams', '5.0'],
  [/check leaves nothing behind/, 'Redis streams', '5.0'],
  [/dead letter|sets? such records aside|zeotap-row-errors/, 'dead letters, which are a Redis stream', '5.0'],
  [/connections of a dead run|where nobody can know what arrives/, 'ACL with channels', '6.2'],
  [/end of a hash is at a given time/, 'PEXPIRETIME, which the test asks', '7.0'],
  [/may be as long as memory allows/, 'HSTRLEN, which the test asks', '3.2'],
  [/dead has its connections closed by the next/, 'CLIENT ID, which the test asks', '5.0'],
  [/previous rows only, however high/, 'UNLINK, which the test counts', '4.0'],
  [/configuration of the classic connector,|a user (that is not there|who may not)/, 'users', '6.0'],
  [/denies INFO, CONFIG, CLIENT, ACL/, 'ACL', '6.0'],
  [/wrong setting .* a replica$/, 'REPLICAOF, which the test uses', '5.0'],
  [/became a replica/, 'REPLICAOF, which the test uses', '5.0'],
  [/wrong setting .* loading its data/, 'key-load-delay, which the test sets', '6.0'],
  [/\(stream\)|too wide for a script/, 'Redis streams', '5.0'],
  [/without the right to remove items/, 'ACL with channels', '6.2'],
  [/nor when one ends|another type: no key is touched/, 'PEXPIRETIME, which the test asks', '7.0'],
  [/was freed in the background/, 'UNLINK, which the test counts', '4.0'],
  [
    /\((set|hash)\) (byte by byte, 10,001 items by (999|4500) |as a small)|hash is not walked through/,
    'scripts that write what they have read in no order',
    '3.2',
  ],
  [/zeotap-update (leaves|has a page)/, 'HSET of several fields, which its seed uses', '4.0'],
  [/durability by replicas/, 'WAIT', '3.0'],
  [/may not use WAIT/, 'users', '6.0'],
  [/durability by fsync/, 'WAITAOF', '7.2'],
  [/postgres-cdc has a page/, 'EXISTS of several keys, which the page shows', '3.0.3'],
]

/** Skips a test that the server is too old for; call it in `beforeEach`. */
export async function skipWhatIsLacking({ task, skip }: TestContext): Promise<void> {
  const names: string[] = []
  for (let one: { name: string; suite?: unknown } | undefined = task; one; one = one.suite as typeof one)
    names.unshift(one.name)
  for (const [name, what, version] of NEEDS)
    if (name.test(names.join(' ')) && (await isOlderThan(version))) skip(`needs ${what} (since ${version})`)
}

/** Returns whether the server is older than a version such as `6.2`. */
export async function isOlderThan(version: string): Promise<boolean> {
  const parts = version.split('.').map(Number)
  const own = await serverVersion()
  const differing = parts.findIndex((part, at) => part !== own[at])
  return differing !== -1 && own[differing]! < parts[differing]!
}

/** Returns a function that makes a test's client send commands in a form that old servers know. */
export async function adaptation(): Promise<(client: Redis) => void> {
  const isHsetOld = await isOlderThan('4.0')
  const isExistsOld = await isOlderThan('3.0.3')
  return (client) => {
    if (isHsetOld) Object.assign(client, { hset: client.hmset.bind(client) })
    const exists = client.exists.bind(client)
    const all = async (...keys: string[]): Promise<number> =>
      (await Promise.all(keys.map((key) => exists(key)))).reduce((sum, one) => sum + one, 0)
    if (isExistsOld) Object.assign(client, { exists: all })
  }
}

/** The version of the image that is used if no server is installed. */
const CONTAINER = 'v=7.2.0'

let found: Promise<readonly number[]> | undefined

/** Returns `[3, 0, 7]` for 3.0.7. Valkey reports its own version, which continues from Redis 7.2. */
function serverVersion(): Promise<readonly number[]> {
  found ??= readVersion()
  return found
}

async function readVersion(): Promise<readonly number[]> {
  const binary = await findRedis()
  const text =
    binary.kind === 'container' ? CONTAINER : (await promisify(execFile)(binary.server, ['--version'])).stdout
  const version = /\bv=(\d+)\.(\d+)\.(\d+)/.exec(text)
  if (version === null) throw new Error(`The server does not tell its version: ${text}`)
  return version.slice(1).map(Number)
}
