// The connector as a process: its command line, its signals, its pipes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runConnector, startConnector, writeFiles } from './support/connector.ts'
import { record, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { writeArgs } from './support/write.ts'

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

describe('the command line', () => {
  it('explains itself with --help, and says its version', async () => {
    const help = await capture(['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const word of ['spec', 'check', 'write', '--help', '--version']) expect(help.stdout).toContain(word)
    expect((await capture(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/)
    expect((await capture(['write', '--help'])).stdout).toMatch(/--config[\s\S]*--catalog/)
  })

  it.each([
    [[], 'Say what to do: spec, check or write.'],
    [['writ'], 'Unknown argument: writ'],
    [['check'], 'Missing required argument: config'],
    [['write', '--config', 'a'], 'Missing required argument: catalog'],
    [
      ['write', '--config', '/nowhere', '--catalog', '/nowhere'],
      '--config: cannot read the file /nowhere (ENOENT).',
    ],
  ])('%j ends with what is wrong and a non-zero exit code', async (args, message) => {
    const run = await runConnector(args)
    expect(run.errors).toMatchObject([{ failure_type: 'config_error', message }])
    expect(run.code).toBe(1)
  })

  it('takes the verbs of the classic connector’s program too', async () => {
    const { host, port } = redis
    const { config } = writeFiles({ config: { host, port } })
    expect((await runConnector(['--spec'])).messages).toMatchObject([{ type: 'SPEC' }])
    const checked = await runConnector(['--check', '--config', config])
    expect(checked.messages.at(-1)).toMatchObject({ connectionStatus: { status: 'SUCCEEDED' } })
    const [, ...options] = writeArgs(redis, [{ name: 's' }])
    const run = await runConnector(['--write', ...options], record('s', {}) + streamState('s', 1))
    expect(run.states).toHaveLength(1)
  })
})

describe('SIGTERM', () => {
  it('ends spec and check with 0', async () => {
    await redis.kill('SIGSTOP')
    const { host, port } = redis
    const run = startConnector(['check', '--config', writeFiles({ config: { host, port } }).config])
    await untilConnected(run.pid)
    run.kill('SIGTERM')
    expect(await run.exit).toEqual({ code: 0, signal: null })
    await redis.kill('SIGCONT')
  })

  it('ends write with 143 and with what was read acknowledged', async () => {
    const run = startConnector(writeArgs(redis, [{ name: 's' }]))
    run.stdin.write(record('s', {}) + streamState('s', 1))
    const iterator = run.messages[Symbol.asyncIterator]()
    const first = await iterator.next()
    run.stdin.write(record('s', {}) + streamState('s', 2))
    await untilDrained(run.stdin)
    run.kill('SIGTERM')

    expect(first.value).toMatchObject({ type: 'STATE' })
    expect(await run.exit).toEqual({ code: 143, signal: null })
  })

  it('ends write within five seconds where Redis does not answer, with nothing acknowledged', async () => {
    const run = startConnector(writeArgs(redis, [{ name: 's' }]))
    run.stdin.write(record('s', {}) + streamState('s', 1))
    for await (const message of run.messages) if (message.type === 'STATE') break
    await redis.kill('SIGSTOP')
    run.stdin.write(record('s', {}) + streamState('s', 2))
    const started = performance.now()
    run.kill('SIGTERM')

    expect(await run.exit).toEqual({ code: 143, signal: null })
    expect(performance.now() - started).toBeLessThan(6_000)
    const rest: unknown[] = []
    for await (const message of run.messages) if (message.type === 'STATE') rest.push(message)
    expect(rest).toEqual([])
    await redis.kill('SIGCONT')
  })
})

describe('stdout', () => {
  it('that closes early does not stop the work', async () => {
    const child = spawn(process.execPath, [main, ...writeArgs(redis, [{ name: 'closed' }])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdout.destroy()
    child.stdin.end((record('closed', {}) + streamState('closed', 1)).repeat(1_000))
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    expect(await redis.client().get(':closed')).toBe('1000')
  })

  it('gets everything, however slowly it is read', async () => {
    const run = startConnector(writeArgs(redis, [{ name: 's' }]))
    const state = streamState('s', { text: 'x'.repeat(1_000) })
    run.stdin.end(state.repeat(5_000))
    let states = 0
    for await (const message of run.messages) if (message.type === 'STATE') states++
    expect(states).toBe(5_000)
    expect((await run.exit).code).toBe(0)
  })
})

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

async function capture(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [main, ...args])
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

async function untilDrained(stream: NodeJS.WritableStream & { writableLength: number }): Promise<void> {
  while (stream.writableLength > 0) await new Promise((resolve) => setImmediate(resolve))
}

/** The verb is at work once it has a connection: then it also listens to signals. */
async function untilConnected(pid: number | undefined): Promise<void> {
  const { readlink, readdir } = await import('node:fs/promises')
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const open = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    if (links.filter((client) => client.startsWith('socket:')).length > 3) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('check did not connect')
}
