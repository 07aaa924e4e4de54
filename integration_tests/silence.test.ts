// A connection that is open and moves no bytes any more: the run opens its connections again, whichever one it is, and
// whatever the others still carry.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { check } from './support/check.ts'
import { codesIn } from './support/codes.ts'
import { OpenRun } from './support/open-run.ts'
import { startProxy, type TcpProxy } from './support/proxy.ts'
import { ReplicatedRedis } from './support/replicas.ts'

/** The limit for replies, and what opening connections again and reading the rest may take on a busy machine. */
const LIMIT_MS = 10_000
const LONGEST_MS = LIMIT_MS + 50_000

describe('a connection that moves no bytes any more', () => {
  let redis: ReplicatedRedis
  let proxy: TcpProxy

  beforeEach(async () => {
    redis = await ReplicatedRedis.start({ replicas: 1 })
    proxy = await startProxy(redis.master.port)
  })
  afterEach(async () => {
    await proxy.stop()
    await redis.stop()
  })

  it.each([
    ['for pipelined writes', /\r\nSET\r\n\$\d+\r\nk:1\r\n/, 'none'],
    ['for single commands', /_airbyte:lease:/, 'none'],
    ['for durability waits', /\r\nWAIT\r\n/i, 'replicas'],
  ])('is replaced: the one %s', async (_, request, mode) => {
    const durability = mode === 'none' ? { mode } : { mode, count: 1, timeout_ms: 1_000 }
    await using run = new OpenRun({
      host: '127.0.0.1',
      port: proxy.port,
      cache_type: 'string',
      data_format: 'json',
      key_template: 'k:${id}',
      batch_records: 10,
      max_outage_seconds: 60,
      durability,
    })
    run.send(30)
    await run.acknowledged()
    expect(proxy.freezeConnections(request)).toBe(1)
    const frozenAt = performance.now()
    run.send(30)
    expect(await run.end()).toMatchObject({ code: 0 })
    expect(run.errors).toEqual([])
    expect(performance.now() - frozenAt).toBeLessThan(LONGEST_MS)
    expect(run.cursors.at(-1)).toBe(60)
    const client = redis.master.client()
    expect(await client.keys('k:*')).toHaveLength(60)
  })
})

describe('a server that logs in clients and then answers no more', () => {
  it.each([
    ['a node of a cluster that is asked for the slot map', 'cluster', 'CLUSTER', 'reply-timeout'],
    ['a sentinel that is asked for the master', 'sentinel', 'SENTINEL', 'sentinels-unreachable'],
  ])('is not waited for without a limit: %s', async (_, mode, command, code) => {
    await using server = await startSilentServer(command)
    const nodes = [`127.0.0.1:${server.port}`]
    const deployment = mode === 'cluster' ? { mode, nodes } : { mode, nodes, master_name: 'm' }
    expect(codesIn((await check({ deployment })).message)).toEqual([code])
    await using run = new OpenRun({ deployment, max_outage_seconds: 1 })
    run.send(1)
    expect(await run.exit()).toMatchObject({ code: 1 })
    expect(run.errors).toMatchObject([{ failure_type: 'transient_error' }])
    expect(codesIn(run.errors[0]!.message)).toEqual([code, 'outage-too-long'])
  })
})

/** Answers every command as a server does that knows nothing, and nothing from the first `command` on. */
async function startSilentServer(command: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    let isSilent = false
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      isSilent ||= text.toUpperCase().includes(`\r\n${command}\r\n`)
      if (isSilent) return
      for (const sent of text.split(/\*\d+\r\n/).slice(1))
        socket.write(
          /\r\nID\r\n/i.test(sent)
            ? ':1\r\n'
            : /\r\nINFO\r\n/i.test(sent)
              ? '$19\r\nredis_version:7.2.0\r\n'
              : '+OK\r\n',
        )
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
