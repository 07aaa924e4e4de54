// The connector as a process: its command line, its pipes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runConnector, startConnector, writeFiles } from './support/connector.ts'
import { record, status, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { writeArgs } from './support/write.ts'

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

it('what libraries print with DEBUG, passwords among it, is off', async () => {
  const client = redis.client()
  await client.acl('SETUSER', 'seen', 'reset', 'on', '>canary-password', '~*', '+@all')
  const { host, port } = redis
  const config = { host, port, username: 'seen', password: 'canary-password' }
  const args = ['check', '--config', writeFiles({ config }).config]
  const run = await runConnector(args, '', { env: { DEBUG: '*', NODE_DEBUG: 'net' } })
  expect(run.messages.at(-1)).toMatchObject({ connectionStatus: { status: 'SUCCEEDED' } })
  expect(run.stderr).not.toMatch(/ioredis|canary-password/)
})

describe('the command line', () => {
  it('explains itself with --help, and says its version', async () => {
    const help = await capture(['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    const words = [
      'spec',
      'check',
      'write',
      'clear',
      '--help',
      '--version',
      'Exit codes',
      'Environment',
      'NO_COLOR',
    ]
    for (const word of words) expect(help.stdout).toContain(word)
    expect(help.stdout).toContain('destination-redis check --config config.json')
    expect((await capture(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/)
    expect((await capture(['write', '--help'])).stdout).toMatch(/--config[\s\S]*--catalog/)
  })

  it.each([
    [[], 'command-missing'],
    [['zzzzzz'], 'command-unknown'],
    [['check'], 'argument-option-missing'],
    [['write', '--config', 'a'], 'argument-option-missing'],
    [['check', '--zzzzzz', 'a'], 'argument-option-unknown'],
    [['discover', '--config', 'a'], 'discover-not-possible'],
    [['spec', '--strict'], 'argument-option-unsuitable'],
    [['clear', '--config', 'a', '--stream'], 'argument-value-missing'],
    [['clear', '--config', 'a', '--catalog', 'a'], 'argument-option-unsuitable'],
    [['spec', '--config', 'a'], 'argument-option-unsuitable'],
    [['check', '--config'], 'argument-value-missing'],
    [['check', '--config', '--catalog'], 'argument-value-missing'],
    [['check', '--config=a', '--config=b'], 'argument-repeated'],
    [['spec', 'check'], 'argument-unexpected'],
    [['check', '--write', '--config', 'a'], 'argument-unexpected'],
    [['write', '--config', '/nowhere', '--catalog', '/nowhere'], 'file-unreadable'],
  ])('%j ends with what is wrong and a non-zero exit code', async (args, code) => {
    const run = await runConnector(args)
    const message = expect.stringMatching(new RegExp(`\\[${code}\\]$`))
    expect(run.errors).toMatchObject([{ failure_type: 'config_error', message }])
    expect(run.code).toBe(1)
  })

  it.each([
    [['writ', '--config', 'a', '--catalog', 'b'], 'Did you mean write?'],
    [['chek', '--config', 'x'], 'Did you mean check?'],
    [['cleer', '--confg', 'x'], 'Did you mean clear?'],
    [['check', '--confg', 'a'], 'Did you mean --config?'],
    [['write', '--config', 'a', '--catlog=b'], 'Did you mean --catalog?'],
  ])('%j suggests what was meant', async (args, suggestion) => {
    const run = await runConnector(args)
    expect(run.errors[0]?.message).toContain(suggestion)
  })

  it('completes commands and options in a shell', async () => {
    expect((await capture(['completion'])).stdout).toContain('--get-yargs-completions')
    const complete = async (...typed: string[]) =>
      (await capture(['--get-yargs-completions', 'destination-redis', ...typed])).stdout.split('\n')
    expect(await complete('')).toEqual(expect.arrayContaining(['spec', 'check', 'write']))
    expect(await complete('write', '--')).toEqual(expect.arrayContaining(['--config', '--catalog']))
    expect(await complete('check', '--')).not.toContain('--catalog')
    expect(await complete('clear', '--')).toEqual(expect.arrayContaining(['--stream', '--dry-run']))
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

describe('stdout', () => {
  it('that closes early ends write with 1, without reading on', async () => {
    const child = spawn(process.execPath, [main, ...writeArgs(redis, [{ name: 'closed' }])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdout.destroy()
    child.stdin.on('error', () => {})
    // The input has no end: only the closed output can end the run.
    child.stdin.write(record('closed', {}) + streamState('closed', 1))
    expect(await once(child, 'exit')).toEqual([1, null])
    // What was read is written, although it is not acknowledged.
    expect(await redis.client().get(':closed')).toBe('1')
  })

  it('that closes after a state ends write with 1, and nothing older is removed', async () => {
    const client = redis.client()
    const stream = { name: 'replaced', mode: 'overwrite' as const }
    const before = startConnector(writeArgs(redis, [stream]))
    before.stdin.end(record('replaced', { id: 'old' }) + status('replaced'))
    expect((await before.exit).code).toBe(0)
    const keys = await client.keys(':replaced:*')
    expect(keys).toHaveLength(1)

    const child = spawn(process.execPath, [main, ...writeArgs(redis, [stream])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.on('error', () => {})
    child.stdin.write(record('replaced', { id: 'new' }) + streamState('replaced', 1))
    await untilLine(child.stdout, '"STATE"')
    child.stdout.destroy()
    child.stdin.end(streamState('replaced', 2) + status('replaced'))
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(await client.keys(':replaced:*')).toEqual(expect.arrayContaining(keys))
  })

  it('that closes after the message ends spec and check with 0', async () => {
    const { host, port } = redis
    const { config } = writeFiles({ config: { host, port } })
    for (const [args, type] of [
      [['spec'], '"SPEC"'],
      [['check', '--config', config], '"CONNECTION_STATUS"'],
    ] as const) {
      const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      await untilLine(child.stdout, type)
      child.stdout.destroy()
      expect(await exit, args[0]).toEqual([0, null])
    }
  })

  it('that nobody reads ends spec and check with 0', async () => {
    const { host, port } = redis
    const { config } = writeFiles({ config: { host, port } })
    for (const args of [['spec'], ['check', '--config', config]]) {
      const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
      child.stdout.destroy()
      expect(await once(child, 'exit'), args[0]).toEqual([0, null])
    }
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
  child.stdin.end()
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

/** Resolves when a line with that text has been read. */
async function untilLine(stdout: Readable, text: string): Promise<void> {
  let read = ''
  while (!read.includes(text)) read += String((await once(stdout, 'data')) as unknown[])
}
