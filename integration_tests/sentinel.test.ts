// A master found by way of its sentinels.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { codesIn } from './support/codes.ts'
import { Authority } from './support/certificates.ts'
import { check } from './support/check.ts'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { catalog, record, streamState } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { SentinelRedis, startSentinel } from './support/sentinels.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { startTlsFront, startTlsRedis } from './support/tls-server.ts'

/** Two kinds of login, so that no test mistakes one for the other. */
const data = { password: 'for-the-data' }
const watch = { sentinelUsername: 'watcher', sentinelPassword: 'for-the-sentinels' }

let redis: SentinelRedis

shareFixture(
  () => SentinelRedis.start({ ...data, ...watch }),
  (started) => (redis = started),
)

const login = { sentinel_username: watch.sentinelUsername, sentinel_password: watch.sentinelPassword }

function configOf(deployment: object = {}, options: object = {}): object {
  const sentinels = { mode: 'sentinel', nodes: redis.addresses, master_name: redis.masterName, ...login }
  return {
    password: data.password,
    max_outage_seconds: 1,
    ...options,
    deployment: { ...sentinels, ...deployment },
  }
}

const at = ({ port }: { port: number }): string => `127.0.0.1:${port}`

function write(config: object): Promise<ConnectorRun> {
  const files = writeFiles({ config, catalog: catalog([{ name: 's' }]) })
  const input = record('s', { id: 1 }) + streamState('s', { id: 1 })
  return runConnector(['write', '--config', files.config, '--catalog', files.catalog], input)
}

async function expectWritten(config: object): Promise<void> {
  const client = (await redis.master()).client()
  await client.flushall()
  expect(await check(config)).toMatchObject({ status: 'SUCCEEDED', message: '' })
  const run = await write(config)
  expect(run.errors).toEqual([])
  expect(run.states).toHaveLength(1)
  expect(await client.hget(':s:1', '_airbyte_data')).toBe('{"id":1}')
  client.disconnect()
}

describe('a master that sentinels watch', () => {
  it('is found by its name, with a login of its own', async () => {
    await expectWritten(configOf())
  })

  it('is found with the configuration, and by the user, of the documentation', async () => {
    const section = readFileSync('docs/connecting.md', 'utf8').split('## Sentinel')[1]!
    const [json, acl] = [...section.matchAll(/```\w+\n(.*?)```/gs)].map(([, text = '']) => text)
    const config = JSON.parse(json!) as { password: string; deployment: Record<string, unknown> }
    const [command = '', ...args] = acl!.trim().split(' ')
    for (const sentinel of redis.sentinels) await redis.sentinelClient(sentinel).call(command, ...args)
    config.deployment['nodes'] = redis.addresses
    await expectWritten({ ...config, ...data })
  })

  it('is found when sentinels are dead, silent or not there', async () => {
    const [live, silent, dead] = redis.sentinels
    await Promise.all([silent!.kill('SIGSTOP'), dead!.kill()])
    await dead!.exited()
    await expectWritten(
      configOf({ nodes: [`${silent!.host}:${silent!.port}`, '127.0.0.1:1', ...redis.addresses] }),
    )
    await expectWritten(configOf({ nodes: [`${live!.host}:${live!.port}`] }))
    await silent!.kill('SIGCONT')
    await redis.restart(dead!)
  })

  it('is found after a failover', async () => {
    const before = await redis.master()
    await redis.failover()
    expect(await redis.master()).not.toBe(before)
    await expectWritten(configOf())
  })

  it('is told from one that was the master before, by a sentinel that has been cut off', async () => {
    await redis.failover()
    // Nobody tells it of the failover, as it watches another server under the same name.
    await using old = await RedisServer.start({ args: ['--requirepass', data.password] })
    await using alone = await startSentinel(old, { ...data, ...watch })
    // With these, more than half would agree before it is heard.
    const others = redis.sentinels.slice(1)
    await Promise.all(others.map((sentinel) => sentinel.kill('SIGSTOP')))
    await expectWritten(configOf({ nodes: [at(alone), ...redis.addresses] }))
    await Promise.all(others.map((sentinel) => sentinel.kill('SIGCONT')))
    expect(await old.client().dbsize()).toBe(0)
  })

  it('is told from a replica that the only sentinel listed takes for it, as that one names others', async () => {
    await using fresh = await SentinelRedis.start({ sentinels: 1, replicas: 1 })
    await using mistaken = await startSentinel(fresh.servers[1]!, { quorum: 9 })
    const client = mistaken.client()
    await pollUntil('the sentinels to hear of each other', async () => {
      const others = (await client.call('SENTINEL', 'sentinels', fresh.masterName)) as unknown[]
      return others.length === 1
    })
    const deployment = { mode: 'sentinel', nodes: [at(mistaken)], master_name: fresh.masterName }
    expect(await check({ deployment })).toMatchObject({ status: 'SUCCEEDED', message: '' })
  })
})

function configAs(username: string, sentinel: RedisServer, master_name: string): object {
  const deployment = { mode: 'sentinel', nodes: [at(sentinel)], master_name }
  return { username, password: 'p', max_outage_seconds: 1, deployment }
}

describe('what a server says of itself', () => {
  const users = ['norole', 'neither'].flatMap((name) => [
    '--user',
    name,
    'on',
    '>p',
    '~*',
    '&*',
    '+@all',
    '-role',
  ])

  it('is asked for in another way where ROLE is denied, and left open where both are', async () => {
    // The last of the users may not use INFO either.
    await using replicated = await ReplicatedRedis.start({ args: [...users, '-info'] })
    const [replica] = replicated.replicas
    // Under names of their own, as each would hear of the other's master.
    await using right = await startSentinel(replicated.master, { masterName: 'right', quorum: 9 })
    await using wrong = await startSentinel(replica!, { masterName: 'wrong', quorum: 9 })
    for (const name of ['norole', 'neither'])
      expect((await write(configAs(name, right, 'right'))).errors).toEqual([])
    const [denied] = (await write(configAs('norole', wrong, 'wrong'))).errors
    expect(codesIn(denied?.message)).toContain('master-is-replica')
    const [unknown] = (await write(configAs('neither', wrong, 'wrong'))).errors
    expect(codesIn(unknown?.message)).toContain('server-is-replica')
  })
})

describe('sentinels that speak TLS', () => {
  it('are spoken to as the data is', async () => {
    const authority = new Authority('The authority')
    const own = authority.issue({ hosts: ['127.0.0.1'] })
    await using server = await startTlsRedis(own)
    await using sentinel = await startSentinel(server, { quorum: 9 })
    await using front = await startTlsFront(sentinel, { cert: own.certificate, key: own.key })
    const config = (ca_certificate: string): object => ({
      ssl: true,
      ssl_mode: { mode: 'verify-full', ca_certificate },
      deployment: { mode: 'sentinel', nodes: [at(front)], master_name: 'mymaster' },
    })
    expect((await write(config(authority.certificate))).errors).toEqual([])
    expect(await server.redis.client().hget(':s:1', '_airbyte_data')).toBe('{"id":1}')
    const { message } = await check(config(new Authority('A stranger').certificate))
    expect(message).toContain(at(front))
    expect(codesIn(message)).toEqual(['certificate-authority-unknown'])
  })
})
