// What happens to a run when the SSH tunnel to Redis fails. Every fault here is a real one.
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { startConnector, type Connector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { record, streamState } from './support/messages.ts'
import { cursorOf, isError, type Message } from './support/output-message.ts'
import { RedisServer } from './support/redis-server.ts'
import { SshServer } from './support/ssh-server.ts'
import { writeArgs } from './support/write.ts'

const records = caseCount(25_000, 500_000)
const states = 50

/** Little is on its way at a time, so that a fault in the middle of a run hits the middle of the records. */
const small = { batch_bytes: 65_536, max_in_flight_bytes: 1_048_576 }

let redis: RedisServer
let client: Redis
let ssh: SshServer

beforeEach(async () => {
  redis = await RedisServer.start()
  client = redis.client()
  ssh = await SshServer.start({ password: 'open sesame' })
})

afterEach(async () => {
  await ssh[Symbol.asyncDispose]()
  await redis.stop()
})

describe('a tunnel that breaks', () => {
  it('is opened again, and every record is there once', async () => {
    await using run = start(small)
    void feed(run.stdin, messages(records))
    const { cursors } = await collect(run, async (seen, { type }) => {
      if (type === 'STATE' && [10, 20, 30].includes(seen)) ssh.drop()
    })
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors, records)
    await expectEachRecordOnce()
    expect(ssh.logins).toBe(4)
  })

  it('is waited for while the SSH server is stopped', async () => {
    await using run = start(small)
    void feed(run.stdin, messages(records))
    let isStopped = false
    const { cursors, printed } = await collect(run, async (seen, message) => {
      if (seen === 10 && !isStopped) {
        isStopped = true
        await ssh.stop()
      }
      if (isWarning(message, /\[tunnel-lost\]/) && ssh.logins === 1) await ssh.restart()
    })
    expect((await run.exit).code).toBe(0)
    expect(printed.some((message) => isWarning(message, /\[tunnel-lost\]/))).toBe(true)
    expectAllStates(cursors, records)
    await expectEachRecordOnce()
  })

  it('is not opened again to a host with another key', async () => {
    await using run = start(small, { tunnel_host_key: ssh.fingerprint })
    void feed(run.stdin, messages(records))
    let isStopped = false
    const { cursors, printed } = await collect(run, async (seen) => {
      if (seen !== 10 || isStopped) return
      isStopped = true
      await ssh.stop()
      await ssh.restart({ hasNewKey: true })
    })
    expect((await run.exit).code).toBe(1)
    const errors = printed.filter(isError).map((message) => message.trace.error)
    expect(errors).toMatchObject([{ failure_type: 'config_error' }])
    expect(errors[0]?.message).toContain('tunnel_method.tunnel_host_key')
    expect(errors[0]?.message).toContain(ssh.fingerprint)
    expect(cursors.length).toBeLessThan(states)
    expect(ssh.logins).toBe(1)
  })

  it('delivers nothing late', async () => {
    await using run = start({ ...small, cache_type: 'list' })
    void feed(run.stdin, messages(records))
    let held: Promise<void> | undefined
    let late: number | undefined
    const { cursors } = await collect(run, async (seen) => {
      if (seen === 10) held ??= ssh.holdAndDrop(1)
      if (seen === 30 && late === undefined) {
        await held
        late = await ssh.deliverLate()
      }
    })
    expect((await run.exit).code).toBe(0)
    // Redis has killed the connections that it would have come over.
    expect(late).toBe(0)
    expectAllStates(cursors, records)
    const ids = (await client.lrange(':s', 0, -1)).map(idIn)
    expect(ids).toEqual(Array.from({ length: records }, (_, index) => index + 1))
  })
})

describe('a tunnel to a Redis that is slower than the source', () => {
  it('holds the input up in bounded memory', async () => {
    const many = caseCount(200_000, 1_000_000)
    await using run = start({ max_in_flight_bytes: 40_000_000 })
    void feed(run.stdin, messages(many, 'x'.repeat(500)))
    let isResumed = false
    const { cursors } = await collect(run, async (seen) => {
      if (seen !== 5 || isResumed) return
      isResumed = true
      await redis.kill('SIGSTOP')
      await untilStandsStill(() => run.stdin.writableLength)
      await redis.kill('SIGCONT')
    })
    expect((await run.exit).code).toBe(0)
    expectAllStates(cursors, many)
    expect(await client.get(':s')).toBe(String(many))
    expect(await client.dbsize()).toBe(many + 3)
    expect(run.peakRssKb).toBeLessThan(350_000)
  })
})

function start(options: object, method: object = {}): Connector {
  const tunnel = { tunnel_method: 'SSH_PASSWORD_AUTH', tunnel_user_password: 'open sesame', ...method }
  return startConnector(writeArgs(redis, [{ name: 's' }], { ...options, tunnel_method: ssh.options(tunnel) }))
}

function* messages(last: number, text = ''): Generator<string> {
  for (let id = 1; id <= last;) {
    let lines = ''
    for (const end = Math.min(last, id + 499); id <= end; id++) {
      lines += record('s', { id, text })
      if (id % (last / states) === 0) lines += streamState('s', { id })
    }
    yield lines
  }
}

/** Reads all output; `react` is called for each message with the number of states seen, and awaited. */
async function collect(run: Connector, react: (states: number, message: Message) => Promise<void>) {
  const cursors: number[] = []
  const printed: Message[] = []
  for await (const message of run.messages) {
    printed.push(message)
    if (message.type === 'STATE') cursors.push(cursorOf(message))
    await react(cursors.length, message)
  }
  return { cursors, printed }
}

function isWarning(message: Message, pattern: RegExp): boolean {
  return message.type === 'LOG' && message.log.level === 'WARN' && pattern.test(message.log.message)
}

function expectAllStates(cursors: number[], last: number): void {
  expect(cursors).toEqual(Array.from({ length: states }, (_, index) => ((index + 1) * last) / states))
}

/** Ids may have gaps where replies were lost, so records are found by what they say. */
async function expectEachRecordOnce(): Promise<void> {
  const last = Number(await client.get(':s'))
  const found: number[] = []
  for (let id = 1; id <= last; id += 5_000) {
    const pipeline = client.pipeline()
    for (let at = id; at < id + 5_000 && at <= last; at++) pipeline.hget(`:s:${at}`, '_airbyte_data')
    for (const [error, data] of (await pipeline.exec()) ?? []) {
      if (error) throw error
      if (typeof data === 'string') found.push(JSON.parse(data).id as number)
    }
  }
  expect(found).toEqual(Array.from({ length: records }, (_, index) => index + 1))
}

function idIn(entry: string): number {
  const { _airbyte_data: data } = JSON.parse(entry) as { _airbyte_data: { id: number } | string }
  return typeof data === 'string' ? (JSON.parse(data) as { id: number }).id : data.id
}

async function untilStandsStill(measure: () => number): Promise<void> {
  for (let still = 0, last = -1; still < 10;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = measure()
    still = now === last && now > 0 ? still + 1 : 0
    last = now
  }
}
