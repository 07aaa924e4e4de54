// Every folder of examples/ with a config.json, run as its page says; the page itself is held to what it shows.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { runConnector, writeFiles, type ConnectorRun } from './support/connector.ts'
import { readContents } from './support/contents.ts'
import { RedisServer } from './support/redis-server.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'

beforeEach(skipWhatIsLacking)

const folder = join(import.meta.dirname, '..', 'examples')
const isExample = (name: string): boolean => existsSync(join(folder, name, 'config.json'))
const examples = readdirSync(folder).filter(isExample)

let redis: RedisServer
let client: Redis

beforeAll(async () => {
  redis = await RedisServer.start({ args: ['--notify-keyspace-events', 'Ex'] })
  client = redis.client()
})
afterAll(() => redis.stop())

describe.each(examples)('the example %s', (name) => {
  let runs: ConnectorRun[]

  beforeAll(async () => {
    await client.flushall()
    for (const seed of seedsOf(name)) await shell(`redis-cli < '${join(folder, name, seed)}'`)
    runs = []
    for (const input of inputsOf(name)) runs.push(await writeExample(name, input))
  })

  it('passes check', async () => {
    const { config } = writeFiles({ config: configOf(name) })
    const run = await runConnector(['check', '--config', config])
    expect(run.messages).toContainEqual({
      type: 'CONNECTION_STATUS',
      connectionStatus: expect.objectContaining({ status: 'SUCCEEDED' }),
    })
  })

  it('is written to the last state', () => {
    for (const [at, input] of inputsOf(name).entries()) {
      expect(runs[at]).toMatchObject({ code: 0, errors: [] })
      expect(runs[at]?.states).toHaveLength(read(name, input).match(/"type":"STATE"/g)?.length ?? 0)
    }
  })

  it('leaves exactly the contents it states', async () => {
    expect(await readContents(client, configOf(name).key_prefix)).toBe(read(name, 'contents.txt'))
  })

  it('has a page that runs each of its files and shows what redis-cli prints', async () => {
    const page = read(name, 'README.md')
    for (const file of ['config.json', ...seedsOf(name)]) expect(page).toContain(`examples/${name}/${file}`)
    for (const input of inputsOf(name))
      expect(page).toContain(`examples/${name}/${catalogOf(name, input)} < examples/${name}/${input}`)
    const lookups = lookupsOn(page)
    expect(lookups).not.toEqual([])
    for (const { command, output } of lookups)
      expect(`$ ${command}\n${maskIds(await shell(command))}`).toBe(`$ ${command}\n${maskIds(output)}`)
  })
})

describe('the example login-sessions', () => {
  it('is heard of by a subscriber when its keys expire', async () => {
    await client.flushall()
    const listener = redis.client()
    const expired: string[] = []
    listener.on('pmessage', (_pattern, _channel, key: string) => expired.push(key))
    await listener.psubscribe('__key*__:expired')
    await writeExample('login-sessions', 'messages.jsonl', { ttl_seconds: 1 })

    const loggedOut = ['logged_in_user:1234', 'logged_in_user:5678']
    await vi.waitFor(() => expect(expired.toSorted()).toEqual(loggedOut), { timeout: 30_000 })
    expect(await client.keys('logged_in_user:*')).toEqual([])
  })
})

describe('the example zeotap-row-errors', () => {
  it('counts in its state what was written and what was put aside', async () => {
    await client.flushall()
    await client.set('offer:b', 'in the way')
    const { states } = await writeExample('zeotap-row-errors', 'messages.jsonl')
    expect(states[0]?.destinationStats).toMatchObject({ recordCount: 2, rejectedRecordCount: 2 })
  })
})

describe('the example postgres-cdc', () => {
  it('counts in its states which changes came too late, and which rows were deleted', async () => {
    await client.flushall()
    await writeExample('postgres-cdc', 'messages-1.jsonl')
    const changes = await writeExample('postgres-cdc', 'messages-2.jsonl')
    const late = await writeExample('postgres-cdc', 'messages-3.jsonl')
    // The delete of user 4 is deduplicated, too, because an insert comes right behind it.
    expect([...changes.states, ...late.states].map((state) => state.destinationStats)).toEqual([
      { recordCount: 7, additionalStats: { deduplicated: 2, deleted: 2 } },
      { recordCount: 1, additionalStats: { deduplicated: 1 } },
    ])
  })
})

describe('the example zeotap-mirror', () => {
  it('removes nothing if the source fails before the end', async () => {
    await client.flushall()
    await writeExample('zeotap-mirror', 'messages-1.jsonl')
    const failed = read('zeotap-mirror', 'messages-2.jsonl').replace(/^.*"COMPLETE".*\n/m, '')
    const run = await writeExample('zeotap-mirror', 'messages-2.jsonl', {}, failed)
    expect(run).toMatchObject({ code: 1, errors: [{ failure_type: 'transient_error' }] })
    const rows = ['user:12345', 'user:12346', 'user:12347', 'user:12348']
    expect((await client.keys('user:*')).toSorted()).toEqual(rows)
  })
})

describe('the quick start of README.md', () => {
  it('leaves what the page shows', async () => {
    await client.flushall()
    const root = join(import.meta.dirname, '..')
    const quickstart = (file: string): string => readFileSync(join(root, 'docs/quickstart', file), 'utf8')
    const config = Object.assign(JSON.parse(quickstart('config.json')) as object, {
      host: redis.host,
      port: redis.port,
    })
    const paths = writeFiles({ config, catalog: quickstart('catalog.json') })
    const args = ['write', '--config', paths.config, '--catalog', paths.catalog]
    const run = await runConnector(args, quickstart('messages.jsonl'))
    expect(run).toMatchObject({ code: 0, errors: [], states: [{}] })
    const page = readFileSync(join(root, 'README.md'), 'utf8')
    const own = /^echo '(?<record>.*)' \|$/m.exec(page)?.groups?.['record']
    expect(await runConnector(args, `${own}\n`)).toMatchObject({ code: 0, errors: [] })

    const lookups = lookupsOn(page)
    expect(lookups.length).toBeGreaterThan(1)
    for (const { command, output } of lookups)
      expect(`$ ${command}\n${await shell(command)}`).toBe(`$ ${command}\n${output}`)
  })
})

describe('the overview of the examples', () => {
  it('leads to every one of them', () => {
    const page = readFileSync(join(folder, 'README.md'), 'utf8')
    for (const name of examples) expect(page).toContain(`](${name})`)
  })
})

function read(name: string, file: string): string {
  return readFileSync(join(folder, name, file), 'utf8')
}

/** One file of messages, or `messages-1.jsonl`, `messages-2.jsonl`: one a run. */
function inputsOf(name: string): string[] {
  return readdirSync(join(folder, name))
    .filter((file) => file.endsWith('.jsonl'))
    .toSorted()
}

/** One for all runs, or `catalog-1.json`, `catalog-2.json`: one a run, named like its messages. */
function catalogOf(name: string, input: string): string {
  const own = input.replace(/^messages(.*)\.jsonl$/, 'catalog$1.json')
  return existsSync(join(folder, name, own)) ? own : 'catalog.json'
}

/** What another application has put into Redis before. */
function seedsOf(name: string): string[] {
  return readdirSync(join(folder, name)).filter((file) => file.endsWith('.redis'))
}

function configOf(name: string): { key_prefix?: string } {
  const config = JSON.parse(read(name, 'config.json')) as { key_prefix?: string }
  return Object.assign(config, { host: redis.host, port: redis.port })
}

function writeExample(
  name: string,
  input: string,
  options: object = {},
  messages = read(name, input),
): Promise<ConnectorRun> {
  const { config, catalog } = writeFiles({
    config: { ...configOf(name), ...options },
    catalog: read(name, catalogOf(name, input)),
  })
  return runConnector(['write', '--config', config, '--catalog', catalog], messages)
}

/** What a page shows in its console blocks: `$ command`, and what comes of it, as on a terminal. */
function lookupsOn(page: string): { command: string; output: string }[] {
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const lookups = blocks.flatMap((block) => block.split(/^\$ /m).slice(1))
  return lookups.map((text) => {
    const end = text.indexOf('\n')
    return { command: text.slice(0, end), output: text.slice(end + 1) }
  })
}

async function shell(command: string): Promise<string> {
  const cli = `${redis.cli.join(' ')} --no-raw`
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replace(/^redis-cli/, cli)])
  return stdout
}

/** The ids of a Redis stream's entries come from the server's clock. */
function maskIds(output: string): string {
  return output.replaceAll(/\d{13}-\d+/g, '<id>')
}
