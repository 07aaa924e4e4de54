// What a host sees of a connector that it ends: messages, exit codes, and how soon.
import { readdir, readlink } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startConnector, writeFiles, type Connector } from './support/connector.ts'
import { codesIn } from './support/codes.ts'
import { record, streamState } from './support/messages.ts'
import { isError, isState, type Message } from './support/output-message.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { writeArgs } from './support/write.ts'

const SIGNALS = [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('a signal', () => {
  it.each(SIGNALS)('%s ends check with 0, and a status that names it', async (signal) => {
    await redis.kill('SIGSTOP')
    const { host, port } = redis
    await using run = startConnector(['check', '--config', writeFiles({ config: { host, port } }).config])
    await untilConnected(run.pid)
    run.kill(signal)
    const messages = await restOf(run)
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(messages).toMatchObject([
      { connectionStatus: { status: 'FAILED', message: expect.stringContaining(signal) as string } },
    ])
    await redis.kill('SIGCONT')
  })

  it.each(SIGNALS)(
    '%s ends write with %i, with what was read acknowledged and nothing left',
    async (signal, code) => {
      const client = redis.client()
      await client.flushall()
      await using run = startConnector(
        writeArgs(redis, [{ name: 's' }], { cache_type: 'list', data_format: 'json', key_template: 'l' }),
      )
      run.stdin.write(record('s', {}) + streamState('s', 1))
      await untilState(run)
      run.stdin.write(record('s', {}) + streamState('s', 2))
      await untilDrained(run.stdin)
      run.kill(signal)
      const messages = await restOf(run)
      expect(await run.exit).toEqual({ code, signal: null })
      expect(messages.filter(isError)).toMatchObject([
        { trace: { error: { failure_type: 'transient_error' } } },
      ])
      expect(messages.at(-1)).toMatchObject({ type: 'TRACE' })
      expect(codesIn(messages.filter(isError)[0]!.trace.error.message)).toEqual(['run-terminated'])
      expect(messages.filter(isState).length).toBeLessThanOrEqual(1)
      // No lease, and no number of the run.
      expect(await client.keys('_airbyte:[lsmd]e*')).toEqual([])
    },
  )

  it('ends write within five seconds where Redis does not answer, whatever follows it', async () => {
    await using run = startConnector(writeArgs(redis, [{ name: 't' }]))
    run.stdin.write(record('t', {}) + streamState('t', 1))
    await untilState(run)
    await redis.kill('SIGSTOP')
    run.stdin.write(record('t', {}) + streamState('t', 2))
    const started = performance.now()
    run.kill('SIGINT')
    const later = setTimeout(() => run.kill('SIGTERM'), 1_000)
    const messages = await restOf(run)
    clearTimeout(later)
    expect(await run.exit).toEqual({ code: 130, signal: null })
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(messages.filter(isState)).toEqual([])
    expect(messages.filter(isError)).toHaveLength(1)
    await redis.kill('SIGCONT')
  })

  it('ends write while many streams are opened, and releases their leases', async () => {
    const client = redis.client()
    await client.flushall()
    const streams = Array.from({ length: 2_000 }, (_, at) => ({ name: `s${at}` }))
    await using run = startConnector(writeArgs(redis, streams))
    await pollUntil('a lease', async () => (await client.exists('_airbyte:lease::s1')) === 1)
    const started = performance.now()
    run.kill('SIGTERM')
    const messages = await restOf(run)
    expect(await run.exit).toEqual({ code: 143, signal: null })
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(messages.filter(isError)).toHaveLength(1)
    expect(await client.keys('_airbyte:lease:*')).toEqual([])
  })

  it('SIGUSR1 opens no debugger, however early it comes', async () => {
    await using run = startConnector(writeArgs(redis, [{ name: 't' }]))
    run.stdin.write(record('t', {}) + streamState('t', 1))
    await untilState(run)
    run.kill('SIGUSR1')
    run.stdin.end()
    await restOf(run)
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stderr).toBe('')
  })
})

async function untilState(run: Connector): Promise<void> {
  for await (const message of run.messages) if (isState(message)) return
}

async function restOf(run: Connector): Promise<Message[]> {
  const messages: Message[] = []
  for await (const message of run.messages) messages.push(message)
  return messages
}

async function untilDrained(stream: NodeJS.WritableStream & { writableLength: number }): Promise<void> {
  while (stream.writableLength > 0) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves when the command has a connection. */
async function untilConnected(pid: number | undefined): Promise<void> {
  await pollUntil('the connector to connect', async () => {
    const open = await readdir(`/proc/${pid}/fd`)
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    return links.filter((client) => client.startsWith('socket:')).length > 3
  })
}
