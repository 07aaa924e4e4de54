// The image against more than one plain server: a Redis Cluster, a master that sentinels know, and TLS.
import { rmSync } from 'node:fs'
import { Network } from 'testcontainers'
import type { StartedNetwork } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority } from '../support/certificates.ts'
import { buildImage, docker, image } from './docker.ts'
import { check, runIn, writeInputs } from './image-run.ts'
import { configuredCatalog, linesOf, statesIn } from './messages.ts'
import { startCluster, startSentinel, startTlsRedis } from './redis-container.ts'
import type { ServerContainer } from './redis-container.ts'

const nodes = ['node-1', 'node-2', 'node-3']
const authority = new Authority('Smoke Tests')

let network: StartedNetwork
let folder: string
let masters: ServerContainer[]
let redis: ServerContainer
let sentinel: ServerContainer

beforeAll(async () => {
  await buildImage()
  folder = writeInputs({
    ...configurations(),
    'catalog.json': configuredCatalog('cluster', 'sentinel', 'tls'),
  })
  network = await new Network().start()
  masters = await startCluster(network, nodes)
  redis = await startTlsRedis(network, 'redis', authority.issue({ hosts: ['redis'] }))
  sentinel = await startSentinel(network, 'sentinel', redis)
}, 600_000)

afterAll(async () => {
  await Promise.all([...(masters ?? []), sentinel, redis].map((server) => server?.stop()))
  await network?.stop()
  if (folder) rmSync(folder, { recursive: true })
}, 60_000)

describe('the image', { timeout: 120_000 }, () => {
  test('writes to a Redis Cluster: each record is there once, and every node has a share', async () => {
    expect(await checkAt('cluster')).toMatchObject({ code: 0, statuses: ['SUCCEEDED'] })
    expect(await writeAt('cluster', { records: 5_000, every: 1_000 })).toEqual({
      code: 0,
      states: [1, 2, 3, 4, 5].map((id) => ({ id, recordCount: 1_000 })),
    })

    const shares = await Promise.all(masters.map((node) => recordsOn(node, 'cluster')))
    expect(inOrder(shares.flat())).toEqual(numbersTo(5_000))
    expect(shares.filter(({ length }) => length < 1_000)).toEqual([])
  })

  test('writes to the master that a sentinel names', async () => {
    expect(await checkAt('sentinel')).toMatchObject({ code: 0, statuses: ['SUCCEEDED'] })
    expect(await writeAt('sentinel', { records: 2_000, every: 1_000 })).toEqual({
      code: 0,
      states: [1, 2].map((id) => ({ id, recordCount: 1_000 })),
    })

    expect(await recordsOn(redis, 'sentinel')).toEqual(numbersTo(2_000))
  })

  test('writes over TLS to a server whose authority it is told of, and to no other', async () => {
    const { statuses, messages } = await checkAt('tls-of-unknown')
    expect({ statuses, message: messages[0] }).toEqual({
      statuses: ['FAILED'],
      message: expect.stringContaining('ssl_mode.ca_certificate'),
    })

    expect(await checkAt('tls')).toMatchObject({ code: 0, statuses: ['SUCCEEDED'] })
    expect(await writeAt('tls', { records: 2_000, every: 1_000 })).toEqual({
      code: 0,
      states: [1, 2].map((id) => ({ id, recordCount: 1_000 })),
    })

    expect(await recordsOn(redis, 'tls')).toEqual(numbersTo(2_000))
  })
})

function configurations(): Record<string, object> {
  const url = 'rediss://redis:6380'
  return {
    'cluster.json': {
      deployment: { mode: 'cluster', nodes: nodes.slice(0, 2).map((name) => `${name}:6379`) },
    },
    'sentinel.json': {
      deployment: { mode: 'sentinel', nodes: ['sentinel:26379'], master_name: 'main' },
    },
    'tls.json': { url, ssl_mode: { mode: 'verify-full', ca_certificate: authority.certificate } },
    'tls-of-unknown.json': { url },
  }
}

function checkAt(deployment: string) {
  return check({ network: network.getName(), folder }, `${deployment}.json`)
}

/** Writes to the namespace that is named like the deployment. */
async function writeAt(deployment: string, amounts: { records: number; every: number }) {
  const write = ['write', '--config', `/dest/${deployment}.json`, '--catalog', '/dest/catalog.json']
  const run = [...runIn({ network: network.getName(), folder }), image, ...write]
  const { code, stdout } = await docker(run, linesOf(deployment, amounts))
  return { code, states: statesIn(stdout) }
}

/** The numbers of the records that a server holds, told apart by when they were emitted. */
async function recordsOn(server: ServerContainer, namespace: string): Promise<number[]> {
  const script = `local found = {}
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
      table.insert(found, redis.call('HGET', key, '_airbyte_emitted_at'))
    end
    return found`
  const text = await server.ask('EVAL', script, '0', `${namespace}:people:[0-9]*`)
  return inOrder(text.split('\n').map((emittedAt) => Number(emittedAt) - 1_700_000_000_000))
}

function inOrder(numbers: number[]): number[] {
  return numbers.toSorted((one, other) => one - other)
}

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
