// On a terminal the connector speaks plain text; on a pipe, and with --json, Airbyte messages.
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { runConnector, writeFiles } from './support/connector.ts'
import { record, status, streamState } from './support/messages.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { writeArgs } from './support/write.ts'

let redis: RedisServer

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** util-linux has a program that runs another one on a terminal. */
const hasTerminal = spawnSync('script', ['--version']).status === 0

describe('on a pipe', () => {
  it.each([
    [[], 'SUCCEEDED', 0],
    [['--exit-code'], 'SUCCEEDED', 0],
  ])('a check that succeeds ends with 0: %j', async (options, expected, code) => {
    expect(await checked(configOf({}), options)).toEqual({ status: expected, code })
  })

  it('a check that fails ends with 0, and with 1 only if --exit-code asks for it', async () => {
    const config = configOf({ password: 'wrong' })
    expect(await checked(config, [])).toEqual({ status: 'FAILED', code: 0 })
    expect(await checked(config, ['--exit-code'])).toEqual({ status: 'FAILED', code: 1 })
  })

  it('an option that does not exist is a warning, and an error with --strict', async () => {
    const config = configOf({ cach_type: 'list' })
    const usual = await runConnector(['check', '--config', config])
    expect(usual.logs).toMatchObject([
      { level: 'WARN', message: expect.stringMatching(/did you mean cache_type\? \[option-unknown\]$/) },
      ...usual.logs.slice(1),
    ])
    expect(await checked(config, [])).toEqual({ status: 'SUCCEEDED', code: 0 })
    expect(await checked(config, ['--strict'])).toEqual({ status: 'FAILED', code: 0 })
  })
})

describe.skipIf(!hasTerminal)('on a terminal', () => {
  it('a check is one sentence, and its exit code says how it ended', async () => {
    const good = await onTerminal(['check', '--config', configOf({})])
    expect(good).toMatchObject({ code: 0, text: expect.stringContaining('The check succeeded') })
    const bad = await onTerminal(['check', '--config', configOf({ password: 'wrong' })])
    expect(bad).toMatchObject({ code: 1, text: expect.stringContaining('The check failed. ') })
    expect(bad.text).not.toContain('{')
    const unknown = await onTerminal(['check', '--config', configOf({ hots: 'x' })])
    expect(unknown).toMatchObject({ code: 1, text: expect.stringContaining('did you mean host?') })
  })

  it('an error is a sentence without a stack trace', async () => {
    const run = await onTerminal(['chek'])
    expect(run.code).toBe(1)
    expect(run.text).toContain('Did you mean check?')
    expect(run.text).not.toMatch(/\bat .*main\.js/)
  })

  it('a write shows how far it is, and a table at its end', async () => {
    const lines = Array.from({ length: 500 }, (_, id) => record('s', { id })).join('')
    const { input } = writeFiles({ input: lines + streamState('s', 1) + status('s') })
    const run = await onTerminal(writeArgs(redis, [{ name: 's' }]), input)
    expect(run.code).toBe(0)
    expect(run.text).toMatch(/s +500\r?\n500 records in .*1 state acknowledged/)
    expect(run.text).not.toContain('"STATE"')
  })

  it('messages are printed with --json', async () => {
    const run = await onTerminal(['check', '--json', '--config', configOf({ password: 'wrong' })])
    expect(run).toMatchObject({ code: 0, text: expect.stringContaining('"CONNECTION_STATUS"') })
  })

  it('colours are off where the environment says so', async () => {
    const args = ['check', '--config', configOf({ password: 'wrong' })]
    expect((await onTerminal(args)).text).toContain('\u001b[31m')
    for (const variable of ['NO_COLOR=1', 'TERM=dumb', 'CI=true'])
      expect((await onTerminal(args, undefined, variable)).text).not.toContain('\u001b[3')
  })
})

it('a write that reads from the keyboard says so', { skip: !hasTerminal }, async () => {
  const [program, ...args] = [process.execPath, main, ...writeArgs(redis, [{ name: 's' }])]
  const run = await onTerminalWith(
    `printf '\\004' | script -qec ${quoted([program, ...args].join(' '))} /dev/null`,
  )
  expect(run.text).toContain('Waiting for messages from the keyboard')
})

function configOf(options: object): string {
  const { host, port } = redis
  return writeFiles({ config: { host, port, ...options } }).config
}

async function checked(config: string, options: string[]) {
  const { code, messages } = await runConnector(['check', '--config', config, ...options])
  const result = messages.find((message) => message.type === 'CONNECTION_STATUS')
  return { status: result?.connectionStatus.status, code }
}

function onTerminal(args: string[], input = '/dev/null', variable = 'TERM=xterm') {
  const environment = `env -u CI -u NO_COLOR TERM=xterm ${variable}`
  const command = `${environment} ${process.execPath} ${main} ${args.join(' ')} < ${input}`
  return onTerminalWith(`script -qec ${quoted(command)} /dev/null`)
}

async function onTerminalWith(command: string): Promise<{ code: number; text: string }> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', command])
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, text: stdout }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
