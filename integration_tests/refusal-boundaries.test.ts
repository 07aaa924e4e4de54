// A server that refuses writes from before any command of a transaction until before any command that follows, with
// transactions that are guarded, and with those that wait for each other. TEST_LONG=1 runs every pair of boundaries.
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandProxy } from './support/command-proxy.ts'
import { LOGS, type Log } from './support/logs.ts'
import { OpenRun } from './support/open-run.ts'
import { pollUntil } from './support/poll.ts'
import { randomFrom } from './support/random.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { RARE_REFUSALS, REFUSALS, REFUSING_ARGS, type Refusal } from './support/refusals.ts'

beforeEach(skipWhatIsLacking)

const IS_LONG = process.env['TEST_LONG'] === '1'

interface Boundaries {
  /** The refusal begins before this command of a transaction. */
  begin: number
  /** It ends before this command behind that one. */
  end: number
}

/** Transactions are guarded from Redis 7 on: MULTI, EVAL, the write, EVAL, EXEC; else MULTI, the write, INCRBY, EXEC. */
const MODES = [
  { mode: 'guarded', version: undefined, commands: 5 },
  { mode: 'one by one', version: 6, commands: 4 },
] as const

const [, ONE_BY_ONE] = MODES

/** Little is in each batch, so that each is a transaction. */
const SMALL = { batch_records: 10, max_outage_seconds: 60 }

let redis: RedisServer
let client: Redis

beforeEach(async () => {
  redis = await RedisServer.start({ args: REFUSING_ARGS })
  client = redis.client()
})
afterEach(() => redis.stop())

describe.each(MODES)('transactions that are sent $mode', ({ mode, version, commands }) => {
  it.each(casesOf([...REFUSALS, ...RARE_REFUSALS], commands))(
    'are there once, in order, whatever is refused: $refusal.name, $log.name',
    async ({ refusal, log, pairs }) => {
      await using proxy = await CommandProxy.start(redis.port)
      if (version !== undefined) proxy.pretendVersion(version)
      await using run = new OpenRun({ host: proxy.host, port: proxy.port, ...log.config, ...SMALL })
      run.send(10)
      await run.acknowledged()
      // The connector sees no refusal until it has sent all that it has, unless each transaction waits for the one before.
      const isHeld = mode === 'guarded' && !refusal.name.includes('reconnect')
      for (const pair of pairs) {
        const over = refuseBetween(proxy, refusal, pair, isHeld)
        for (let batch = 0; batch < 6; batch++) run.send(10, { state: batch === 5 })
        await over
        await run.acknowledged()
      }
      expect((await run.end()).code).toBe(0)
      expect(await log.ids(client)).toEqual(idsUpTo(run.sent))
    },
  )

  it.each(LOGS)(
    'end at the first one that the user may not run, without a gap: $name (NOPERM)',
    async (log) => {
      const write = log.config.cache_type === 'list' ? 'rpush' : 'xadd'
      const refusal: Refusal = {
        name: 'NOPERM',
        begin: (admin) => admin.acl('SETUSER', 'writer', `-${write}`),
        end: (admin) => admin.acl('SETUSER', 'writer', `+${write}`),
      }
      for (const pair of pairsFor(log.name, commands, 1)) {
        await client.flushall()
        await client.acl('SETUSER', 'writer', 'on', '>pw', '~*', '&*', '+@all')
        await using proxy = await CommandProxy.start(redis.port)
        if (version !== undefined) proxy.pretendVersion(version)
        const login = { host: proxy.host, port: proxy.port, username: 'writer', password: 'pw' }
        await using run = new OpenRun({ ...login, ...log.config, ...SMALL })
        run.send(10)
        await run.acknowledged()
        const over = refuseBetween(
          proxy,
          refusal,
          { begin: Math.min(1, pair.begin), end: pair.end + 2 },
          mode === 'guarded',
        )
        for (let batch = 0; batch < 6; batch++) run.send(10)
        await Promise.race([over, run.exit()])
        await refusal.end(client, redis)
        proxy.releaseReplies()
        const { code } = await run.end()
        const ids = await log.ids(client)
        expect(ids).toEqual(idsUpTo(ids.length))
        expect(ids.length).toBeGreaterThanOrEqual(run.cursors.at(-1)!)
        if (code === 0) expect(ids.length).toBe(run.sent)
        else expect(run.errors[0]!.message).toContain('[command-denied]')
      }
    },
  )
})

it('a password that is required at reconnect ends the run, without a gap (NOAUTH)', async () => {
  const [log] = LOGS as [Log]
  await using proxy = await CommandProxy.start(redis.port)
  await using run = new OpenRun({ host: proxy.host, port: proxy.port, ...log.config, ...SMALL })
  run.send(10)
  await run.acknowledged()
  const refusal: Refusal = {
    name: 'NOAUTH',
    begin: async (admin) => {
      await admin.config('SET', 'requirepass', 'secret')
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    },
    end: async () => undefined,
  }
  void refuseBetween(proxy, refusal, { begin: 2, end: 4 }, false)
  for (let batch = 0; batch < 6; batch++) run.send(10)
  expect((await run.end()).code).toBe(1)
  expect(run.errors[0]!.message).toContain('[password-missing]')
  await client.config('SET', 'requirepass', '')
  const ids = await log.ids(client)
  expect(ids).toEqual(idsUpTo(ids.length))
  expect(ids.length).toBeGreaterThanOrEqual(run.cursors.at(-1)!)
})

it('entries under a condition need no script that an older server may have lost (NOSCRIPT)', async () => {
  const log = LOGS.find(({ config }) => config.cache_type === 'stream')!
  const noscript = RARE_REFUSALS.find(({ name }) => name === 'NOSCRIPT')!
  await using proxy = await CommandProxy.start(redis.port)
  proxy.pretendVersion(6)
  await client.xadd('log', '*', 'id', '0')
  const config = { host: proxy.host, port: proxy.port, ...log.config, ...SMALL }
  await using run = new OpenRun({ ...config, write_condition: 'if_exists' })
  run.send(10)
  await run.acknowledged()
  for (const pair of pairsFor('NOSCRIPT', ONE_BY_ONE.commands, 2)) {
    const over = refuseBetween(proxy, noscript, pair, false)
    for (let batch = 0; batch < 6; batch++) run.send(10, { state: batch === 5 })
    await over
    await run.acknowledged()
  }
  expect((await run.end()).code).toBe(0)
  expect((await client.xrange('log', '-', '+')).map(([, fields]) => Number(fields[1]))).toEqual([
    0,
    ...idsUpTo(run.sent),
  ])
})

describe.each([
  { name: 'CLUSTERDOWN', refusalOf: clusterDown },
  { name: 'TRYAGAIN and ASK', refusalOf: movedKey },
])('transactions on a cluster', ({ name, refusalOf }) => {
  it.each(LOGS)(`are there once, in order, whatever is refused: $name (${name})`, async (log) => {
    await using cluster = await startCluster()
    const { proxy, admin, server } = cluster
    const deployment = { mode: 'cluster', nodes: [`${proxy.host}:${proxy.port}`] }
    await using run = new OpenRun({ deployment, ...log.config, ...SMALL })
    run.send(10)
    await run.acknowledged()
    const refusal = await refusalOf(cluster, log)
    for (const pair of pairsFor(log.name, ONE_BY_ONE.commands, 1)) {
      const over = refuseBetween(proxy, refusal, pair, false, server)
      for (let batch = 0; batch < 6; batch++) run.send(10, { state: batch === 5 })
      await over
      await run.acknowledged()
    }
    expect((await run.end()).code).toBe(0)
    expect(await log.ids(admin)).toEqual(idsUpTo(run.sent))
  })
})

type Cluster = Awaited<ReturnType<typeof startCluster>>

async function clusterDown({ admin }: Cluster): Promise<Refusal> {
  return {
    name: 'CLUSTERDOWN',
    begin: async () => {
      await admin.cluster('DELSLOTS', 0)
      await pollUntil('a cluster that is down', async () =>
        String(await admin.get('a key').catch(String)).includes('CLUSTERDOWN'),
      )
    },
    end: async () => {
      await admin.cluster('ADDSLOTS', 0)
      await pollUntil('a cluster that is up', async () => (await admin.get('a key')) === null)
    },
  }
}

/** The key of the log is on another node, which gets its slot, while the sequence number is not. */
async function movedKey({ admin, server, other }: Cluster, { key }: Log): Promise<Refusal> {
  const target = other.client()
  const slot = await admin.cluster('KEYSLOT', key)
  const [from, to] = [await admin.cluster('MYID'), await target.cluster('MYID')]
  return {
    name: 'TRYAGAIN',
    begin: async () => {
      await target.cluster('SETSLOT', slot, 'IMPORTING', from)
      await admin.cluster('SETSLOT', slot, 'MIGRATING', to)
      await admin.migrate(other.host, other.port, key, 0, 10_000)
    },
    end: async () => {
      // The node would redirect the key that comes back to where it comes from.
      await admin.cluster('SETSLOT', slot, 'STABLE')
      await target.migrate(server.host, server.port, key, 0, 10_000)
      await target.cluster('SETSLOT', slot, 'STABLE')
    },
  }
}

/** Each refusal with one of the logs, or with all of them. */
function casesOf(
  refusals: readonly Refusal[],
  commands: number,
): { refusal: Refusal; log: Log; pairs: readonly Boundaries[] }[] {
  return refusals.flatMap((refusal, at) =>
    (IS_LONG ? LOGS : [LOGS[(at + commands) % LOGS.length]!]).map((log) => ({
      refusal,
      log,
      pairs: pairsFor(refusal.name, commands, 1),
    })),
  )
}

/** Returns all pairs, or some, which are the same each time, for transactions of so many commands. */
function pairsFor(seed: string, commands: number, count: number): Boundaries[] {
  const all = Array.from({ length: commands * 12 }, (_, at) => ({
    begin: at % commands,
    end: 1 + Math.floor(at / commands),
  }))
  if (IS_LONG) return all
  const random = randomFrom(Buffer.from(seed).reduce((sum, byte) => (sum * 31 + byte) % 100_000, commands))
  return Array.from({ length: count }, () => all[Math.floor(random() * all.length)]!)
}

/** Has the server refuse writes between two commands. Resolves when it takes them again. */
function refuseBetween(
  proxy: CommandProxy,
  refusal: Refusal,
  { begin, end }: Boundaries,
  isHeld: boolean,
  server = redis,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  let transactions = 0
  let command = 0
  let since: number | undefined
  if (isHeld) proxy.holdReplies()
  const finish = async (): Promise<void> => {
    proxy.beforeEach(() => undefined)
    await refusal.end(client, server)
    proxy.releaseReplies()
    over.resolve()
  }
  proxy.beforeEach((words, settled) => {
    if (since !== undefined) {
      if (++since !== end) return undefined
      return (isHeld ? settled() : Promise.resolve()).then(finish)
    }
    if (words[0] === 'MULTI') [transactions, command] = [transactions + 1, 0]
    else command++
    // The second of several, as the first one of a pipeline has no guard.
    if (transactions !== 2 || command !== begin) return undefined
    since = 0
    return settled().then(() => refusal.begin(client, server))
  })
  return over.promise
}

/** Starts a node that has all slots, behind a proxy, and one that has none. */
async function startCluster() {
  const args = ['--cluster-enabled', 'yes']
  const [server, other] = await Promise.all([RedisServer.start({ args }), RedisServer.start({ args })])
  const proxy = await CommandProxy.start(server.port)
  const admin = server.client()
  await admin.config('SET', 'cluster-announce-port', String(proxy.port))
  await admin.config('SET', 'cluster-announce-ip', proxy.host)
  await admin.cluster('ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot))
  await admin.cluster('MEET', other.host, other.port)
  for (const node of [admin, other.client()])
    await pollUntil('a cluster that is up', async () =>
      /cluster_state:ok[^]*cluster_known_nodes:2/.test(await node.cluster('INFO')),
    )
  return {
    server,
    other,
    proxy,
    admin,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]()
      await Promise.all([server.stop(), other.stop()])
    },
  }
}

function idsUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
