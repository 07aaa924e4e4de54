// The lines of docs/security.md for clusters, sentinels and durability: enough, and check names what is missing.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { aclLine, commandIn, login, permissionsIn } from './support/acl-lines.ts'
import { check } from './support/check.ts'
import { RedisCluster } from './support/cluster.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { catalog, record, streamState, type CatalogStream } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { SentinelRedis } from './support/sentinels.ts'

const stream: CatalogStream = { name: 's', namespace: 'n' }
const rows = 200

async function allow(admin: Redis, ...lines: string[]): Promise<void> {
  for (const line of lines) await admin.call('ACL', 'SETUSER', login.username, ...aclLine(line))
}

function write(config: object): Promise<ConnectorRun> {
  const records = Array.from({ length: rows }, (_, id) => record('s', { id }, { namespace: 'n' }))
  const state = streamState('s', 1, { namespace: 'n' })
  const files = writeFiles({ config: { max_outage_seconds: 1, ...config }, catalog: catalog([stream]) })
  const args = ['write', '--config', files.config, '--catalog', files.catalog]
  return runConnector(args, [...records, state])
}

async function expectWritten(config: object): Promise<void> {
  const run = await write({ ...login, ...config })
  expect(run).toMatchObject({ code: 0, errors: [], states: [{ destinationStats: { recordCount: rows } }] })
  expect(run.logs.filter(({ level }) => level === 'WARN')).toEqual([])
}

describe('a user with the lines of docs/security.md', () => {
  it('writes to a cluster', async () => {
    await using cluster = await RedisCluster.start({ masters: 3 })
    for (const server of cluster.servers)
      await allow(cluster.client(server), 'base', 'key_index', 'hash_script', 'cluster')
    const config = { ...login, deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 1) } }
    await expectWritten(config)
    await expectWritten({ ...config, key_prefix: 'flat:', data_format: 'flat', on_update: 'replace' })

    for (const server of cluster.servers)
      await cluster.client(server).call('ACL', 'SETUSER', login.username, '-cluster|slots')
    const { status, message } = await check(config)
    expect({ status, message }).toEqual({ status: 'FAILED', message: expect.stringMatching(/CLUSTER SLOTS/) })
  })

  it('finds a master by its sentinels, with another user there', async () => {
    await using redis = await SentinelRedis.start({ sentinels: 1, replicas: 1 })
    for (const server of redis.servers) {
      const admin = server.client()
      await allow(admin, 'base', 'sentinel')
    }
    const sentinel = redis.sentinelClient(redis.sentinels[0]!)
    await sentinel.call('ACL', 'SETUSER', 'watcher', ...aclLine('sentinels'))
    const deployment = {
      mode: 'sentinel',
      nodes: redis.addresses,
      master_name: redis.masterName,
      sentinel_username: 'watcher',
      sentinel_password: login.password,
    }
    await expectWritten({ deployment })
    await sentinel.call('ACL', 'SETUSER', 'watcher', '-sentinel|get-master-addr-by-name')
    const { status, message } = await check({ ...login, deployment })
    expect({ status, message }).toEqual({
      status: 'FAILED',
      message: expect.stringMatching(/SENTINEL get-master-addr-by-name/i),
    })
  })

  it('waits for replicas', async () => {
    await using redis = await ReplicatedRedis.start({ replicas: 1 })
    const admin = redis.master.client()
    const { host, port } = redis.master
    const config = { host, port, durability: { mode: 'replicas', count: 1 } }
    await allow(admin, 'base')
    await expectNamed(config, 'replicas')
    await allow(admin, 'replicas')
    await expectWritten(config)
  })

  it('waits for disks, where the server can', async ({ skip }) => {
    await using redis = await RedisServer.start({ args: ['--appendonly', 'yes'] })
    const admin = redis.client()
    const knows = await admin.call('COMMAND', 'INFO', 'waitaof')
    if ((knows as unknown[])[0] === null) skip('this server knows no WAITAOF')
    const { host, port } = redis
    const config = { host, port, durability: { mode: 'fsync', replicas: 0 } }
    await allow(admin, 'base')
    await expectNamed(config, 'fsync')
    await allow(admin, 'fsync')
    await expectWritten(config)
  })
})

/** Without the line, check fails with the command's name. */
async function expectNamed(config: object, line: string): Promise<void> {
  const { status, message } = await check({ ...login, ...config })
  const [permission] = permissionsIn(line)
  expect({ status, message }).toEqual({
    status: 'FAILED',
    message: expect.stringMatching(new RegExp(`may not run ${commandIn(permission!)} on`)),
  })
}
