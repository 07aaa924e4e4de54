// What nodes of a cluster tell, each played by a socket that answers.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Connection } from '../src/config/settings/config.ts'
import { errorWith } from '../src/errors.support.ts'
import { TopologyReader } from '../src/redis/topology/topology-reader.ts'
import { Transport } from '../src/redis/transport/transport.ts'

type Range = readonly [first: number, last: number, host: string | null, port: number]

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

describe('the map of a cluster', () => {
  it('tells the masters, and which slots each has, however they are spread', async () => {
    const node = await playNode([[0, 10, 'a', 1], [11, 20, '::1', 2], [21, 16_383, 'a', 1]]) // prettier-ignore
    const { masters, owners } = await topologyReader([node.port]).read()
    expect(masters).toEqual([{ host: 'a', port: 1 }, { host: '::1', port: 2 }]) // prettier-ignore
    expect([0, 10, 11, 20, 21, 16_383].map((slot) => owners![slot])).toEqual([0, 0, 1, 1, 0, 0])
  })

  it.each([null, '', '?'])('may leave out the name of the node that is asked: %j', async (host) => {
    const node = await playNode([[0, 16_383, host, 7]])
    expect((await topologyReader([node.port]).read()).masters).toEqual([{ host: '127.0.0.1', port: 7 }])
  })

  it.each([
    [[[1, 16_383, 'a', 1]], 0],
    [
      [
        [0, 10, 'a', 1],
        [12, 16_383, 'b', 1],
      ],
      11,
    ],
    [[[0, 16_382, 'a', 1]], 16_383],
    [[], 0],
  ] as [Range[], number][])('is of no use where a slot has no master: %j', async (ranges, missing) => {
    const node = await playNode(ranges)
    await expect(topologyReader([node.port]).read()).rejects.toThrow(
      `No master of the cluster has slot ${missing}, as 127.0.0.1:${node.port} sees it`,
    )
  })
})

describe('a map with more masters than a cluster can have', () => {
  it('is refused', async () => {
    const ranges = Array.from({ length: 1_001 }, (_, at): Range => [at, at, `h${at}`, 1])
    const node = await playNode([...ranges, [1_001, 16_383, 'h0', 1]])
    await expect(topologyReader([node.port]).read()).rejects.toThrow(
      errorWith('cluster-too-large', { where: `127.0.0.1:${node.port}`, masters: 1_001 }),
    )
  })
})

describe('nodes that do not answer', () => {
  it('are tried beside others, 16 at a time, until one serves', async () => {
    const silent = await playSilentNodes(40)
    const last = await playNode([[0, 16_383, 'a', 1]])
    const reader = topologyReader([...silent.ports, last.port])
    await expect(reader.read()).resolves.toMatchObject({ masters: [{ host: 'a', port: 1 }] })
    expect(silent.most()).toBeLessThanOrEqual(16)
    expect(silent.most()).toBeGreaterThan(1)
  })

  it('leave the first one a head start, so that nobody else is asked where it serves', async () => {
    const silent = await playSilentNodes(1)
    const first = await playNode([[0, 16_383, 'a', 1]])
    await topologyReader([first.port, ...silent.ports]).read()
    expect(silent.most()).toBe(0)
  })
})

describe('the nodes that are asked', () => {
  it('take turns, and those that were told of are remembered when the first are gone', async () => {
    const [one, two] = [await playNode([]), await playNode([])]
    for (const node of [one, two]) node.ranges = [[0, 16_383, '127.0.0.1', two.port]]
    const its = topologyReader([one.port])
    await its.read()
    await its.read()
    expect([one.times(), two.times()]).toEqual([1, 1])
    one.stop()
    for (let time = 0; time < 2; time++) expect((await its.read()).masters).toEqual([{ host: '127.0.0.1', port: two.port }]) // prettier-ignore
    expect(its.where.split(', ').toSorted()).toEqual(
      [one, two].map(({ port }) => `127.0.0.1:${port}`).toSorted(),
    )
  })

  it('that keys are on their way to are connected to, until they have slots or cannot be connected to', async () => {
    const node = await playNode([[0, 16_383, 'a', 1]])
    const its = topologyReader([node.port])
    const [own, newcomer] = [{ host: 'a', port: 1 }, { host: 'b', port: 2 }] // prettier-ignore
    const ask = { kind: 'ask', slot: 1, address: newcomer } as const
    expect((await its.read([ask, ask, { ...ask, address: own }, { ...ask, address: undefined }])).masters).toEqual([own, newcomer]) // prettier-ignore
    expect((await its.read()).masters).toEqual([own, newcomer])
    node.ranges = [[0, 0, 'b', 2], [1, 16_383, 'a', 1]] // prettier-ignore
    expect((await its.read()).masters).toEqual([newcomer, own])
    node.ranges = [[0, 16_383, 'a', 1]]
    await its.read([ask])
    its.forgetNewcomers()
    expect((await its.read()).masters).toEqual([own])
  })
})

function topologyReader(ports: readonly number[]): TopologyReader {
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }))
  const connection: Connection = {
    username: undefined,
    password: undefined,
    database: 0,
    tls: undefined,
    tunnel: undefined,
    redirectHosts: undefined,
    deployment: { kind: 'cluster', nodes },
  }
  return new TopologyReader(new Transport(connection, () => {}), connection)
}

/** Nodes that accept connections and never answer; `most` returns how many connections were open at the same time. */
async function playSilentNodes(count: number): Promise<{ ports: number[]; most: () => number }> {
  let [open, most] = [0, 0]
  const servers = Array.from({ length: count }, () =>
    createServer((socket) => {
      most = Math.max(most, ++open)
      stops.push(() => socket.destroy())
      socket
        .on('error', () => {})
        .on('close', () => open--)
        .resume()
    }).listen(0, '127.0.0.1'),
  )
  await Promise.all(servers.map((server) => once(server, 'listening')))
  stops.push(() => servers.forEach((server) => server.close()))
  return { ports: servers.map((server) => (server.address() as AddressInfo).port), most: () => most }
}

/** Answers CLUSTER SLOTS with its ranges, and all else as a server does that knows nothing. */
async function playNode(ranges: readonly Range[]) {
  let times = 0
  const node = { port: 0, ranges, times: () => times, stop: () => void server.close() }
  const server = createServer((socket) => {
    stops.push(() => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const command of chunk
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const isMap = /\r\nslots\r\n/i.test(command)
        if (isMap) times++
        socket.write(
          isMap
            ? mapOf(node.ranges)
            : /^\$4\r\ninfo/i.test(command)
              ? '$19\r\nredis_version:7.2.0\r\n'
              : /\r\nid\r\n/i.test(command)
                ? ':1\r\n'
                : '+OK\r\n',
        )
      }
    })
  }).listen(0, '127.0.0.1')
  stops.push(node.stop)
  await new Promise((resolve) => server.once('listening', resolve))
  node.port = (server.address() as AddressInfo).port
  return node
}

function mapOf(ranges: readonly Range[]): string {
  const each = ranges.map(([first, last, host, port]) => `*3\r\n:${first}\r\n:${last}\r\n*3\r\n${bulk(host)}:${port}\r\n$2\r\nid\r\n`) // prettier-ignore
  return `*${ranges.length}\r\n${each.join('')}`
}

function bulk(text: string | null): string {
  return text === null ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`
}
