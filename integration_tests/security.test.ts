// The lines of docs/security.md are enough for what they are for, and check names each permission that is missing.
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { features, rows, stream } from './support/acl-features.ts'
import { aclLine, commandIn, lineNames, login, permissionsIn } from './support/acl-lines.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { record } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { someOf } from './support/some-of.ts'
import { write } from './support/write.ts'

let redis: RedisServer
let admin: Redis

beforeAll(async () => {
  const args = '--user default off --user admin on >secret ~* &* +@all'.split(' ')
  redis = await RedisServer.start({ args })
  admin = redis.client({ username: 'admin', password: 'secret' })
})
beforeEach(async () => {
  await admin.flushall()
  await admin.call('ACL', 'DELUSER', login.username)
})
afterAll(() => redis.stop())

describe('the line of docs/security.md is enough for', () => {
  it.each(someOf(features, 1))('$title', async ({ lines, options = {}, syncs }) => {
    await allow(lines)
    await syncs({ redis, admin }, config(options))
    const log = (await admin.call('ACL', 'LOG')) as unknown[][]
    // The connector itself was denied nothing, not even what it can do without.
    expect(log.filter((entry) => entry.includes(login.username) && !isTemporary(entry))).toEqual([])
  })
})

describe('check', () => {
  const sampled = features.filter(
    ({ lines }, at) => features.findIndex((other) => other.lines.at(-1) === lines.at(-1)) === at,
  )

  it.each(someOf(sampled, 2))(
    'names each permission that is missing of: $title',
    async ({ lines, options = {} }) => {
      const added = permissionsIn(lines.at(-1)!)
      for (const permission of added) {
        await allow(lines)
        const others = lines.slice(0, -1).flatMap(permissionsIn)
        if (others.includes(permission)) continue
        await admin.call('ACL', 'SETUSER', login.username, `-${permission.slice(1)}`)
        expect(said(await check(options)), permission).toMatch(new RegExp(`\\b${commandIn(permission)}\\b`))
      }
    },
  )

  it('has nothing to say of a user with the line for it', async () => {
    await allow(['base', 'key_index', 'hash_script', 'check'])
    const run = await check({ expire_at_field: 'until' })
    expect(said(run)).not.toMatch(/may not|does not report|does not have/)
    expect(run.messages.at(-1)).toMatchObject({ connectionStatus: { status: 'SUCCEEDED' } })
  })

  it('fails where keys of the connector are out of reach, and warns where others are', async () => {
    await allow(['base'])
    const other = { key_prefix: 'b:' }
    await admin.call('ACL', 'SETUSER', login.username, 'resetkeys', '~public:*', '~_airbyte:*')
    expect(said(await check({}))).toMatch(/WARN.*may not use every key/)
    await admin.call('ACL', 'SETUSER', login.username, 'resetkeys', '~a:*')
    expect(said(await check(other))).toMatch(/FAILED.*may not use keys like b:_airbyte:\*/)
  })

  it('leaves nothing behind, whatever it may not do', async () => {
    for (const permission of permissionsIn('base')) {
      await allow(['base', 'key_index'])
      await admin.call('ACL', 'SETUSER', login.username, `-${permission.slice(1)}`)
      await check({})
      expect(await lasting(), permission).toEqual([])
    }
  })
})

it('a write that lacks a permission ends with an error that names it', async () => {
  for (const permission of ['+hmset', '+incrby', '+get', '+set']) {
    await allow(['base'])
    await admin.call('ACL', 'SETUSER', login.username, `-${permission.slice(1)}`)
    const input = record('s', rows[0]!, { namespace: 'n' })
    const run = await write(redis, [stream], input, config({}))
    expect(run.errors, permission).toMatchObject([
      {
        failure_type: 'config_error',
        message: expect.stringMatching(
          new RegExp(
            `\\b${commandIn(permission)}\\b.*ACL SETUSER \\S+ .*\\${permission}.*\\[command-denied\\]$`,
          ),
        ),
      },
    ])
  }
})

it('a write that lacks a permission within a script ends with an error that names it', async () => {
  await admin.call('ACL', 'SETUSER', login.username, ...`on >${login.password} ~* +@all -hmset`.split(' '))
  const input = record('s', rows[0]!, { namespace: 'n' })
  const run = await write(redis, [stream], input, config({ data_format: 'flat' }))
  expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
  expect(run.errors[0]!.message).toMatch(/\bHMSET\b.*\[command-denied\]$/)
})

it('a write that may not use its keys ends with the sentences of check, which name the pattern to allow', async () => {
  const rules = `on >${login.password} +@all resetkeys`.split(' ')
  const input = record('s', rows[0]!, { namespace: 'n' })
  const writeWith = async (...keys: string[]): Promise<string> => {
    await admin.call('ACL', 'SETUSER', login.username, ...rules, ...keys)
    const run = await write(redis, [stream], input, config({ data_format: 'flat' }))
    expect(run.errors).toMatchObject([{ failure_type: 'config_error' }])
    return run.errors[0]!.message
  }
  expect(await writeWith('~n:*')).toMatch(/\(ACL SETUSER \S+ ~\S*_airbyte:\*\)\. \[own-keys-denied\]/)
  expect(await writeWith('~_airbyte:*', '~other:*')).toMatch(/ACL SETUSER \S+ ~\*.*\[keys-denied\]/)
})

it('every line is used by a test', () => {
  const elsewhere = ['cluster', 'sentinel', 'sentinels', 'replicas', 'fsync']
  const used = new Set([...features.flatMap(({ lines }) => lines), ...elsewhere])
  expect(lineNames.filter((name) => !used.has(name))).toEqual([])
})

async function allow(lines: string[]): Promise<void> {
  await admin.call('ACL', 'LOG', 'RESET')
  for (const name of lines) await admin.call('ACL', 'SETUSER', login.username, ...aclLine(name))
}

function config(options: object): object {
  return { ...login, ...options }
}

function check(options: object): Promise<ConnectorRun> {
  const { host, port } = redis
  const files = writeFiles({ config: { host, port, ...config(options) } })
  return runConnector(['check', '--config', files.config])
}

/** All that a check said, a line each. */
function said({ messages }: ConnectorRun): string {
  return messages
    .map((message) => {
      if (message.type === 'LOG') return `${message.log.level} ${message.log.message}`
      if (message.type !== 'CONNECTION_STATUS') return ''
      return `${message.connectionStatus.status} ${message.connectionStatus.message ?? ''}`
    })
    .join('\n')
}

/** The counter of the classic destination, which is behind no prefix. */
function isTemporary(entry: readonly unknown[]): boolean {
  return entry.some((word) => typeof word === 'string' && word.startsWith('tmp:'))
}

/** Keys that do not go by themselves. */
async function lasting(): Promise<string[]> {
  const keys = await admin.keys('*')
  const times = await Promise.all(keys.map((key) => admin.pttl(key)))
  return keys.filter((_, at) => times[at] === -1)
}
