// The programs in docs/reading, each run as it stands against what the connector has written; only the port is changed.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { record, streamState, type CatalogStream } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { shareFixture } from './support/shared-fixture.ts'
import { write } from './support/write.ts'

const ROOT = join(import.meta.dirname, '..')
const PAGES = join(ROOT, 'docs/reading')
const OPTIONS = { data_format: 'flat', key_template: 'user:${id}' }
const USERS: CatalogStream = {
  name: 'users',
  namespace: 'public',
  mode: 'append_dedup',
  primaryKey: [['id']],
}
const GO_REDIS = 'github.com/redis/go-redis/v9@v9.23.0'

const folder = mkdtempSync(join(tmpdir(), 'destination-redis-reading-'))
afterAll(() => rmSync(folder, { recursive: true }))

let redis: RedisServer

shareFixture(
  () => RedisServer.start({ args: ['--notify-keyspace-events', 'KA'] }),
  (started) => (redis = started),
)
beforeEach(async () => {
  await redis.client().flushall()
  await written('2026-11-01T08:00:00Z')
})

interface Snippet {
  page: string
  language: string
  code: string
  output: string
}

const snippets = readdirSync(PAGES).flatMap((page) => snippetsIn(page))

/** How each language is run; undefined where it is not installed. */
const RUNNERS: Record<string, ((code: string) => ChildProcess) | undefined> = {
  sh: (code) => spawn('sh', ['-c', withCliOptions(code)], { detached: true }),
  js: (code) => spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, detached: true }),
  python: pythonRunner(),
  go: await goRunner(),
}

/** Why the programs of a language are skipped. */
const LACKING: Record<string, string> = {
  python: 'this Python has no redis-py; READING_PYTHON names one that has',
  go: 'READING_GO is not set; .ci/reading.sh sets it',
}

it('the pages have a program for each client', () => {
  const pages = [...new Set(snippets.map(({ page }) => page))]
  expect(pages).toEqual(['delete.md', 'freshness.md', 'list.md', 'read-one.md', 'watch.md'])
  for (const page of pages)
    expect(snippets.filter((snippet) => snippet.page === page).map(({ language }) => language)).toEqual([
      'sh',
      'python',
      'js',
      'go',
    ])
})

describe.each(['sh', 'python', 'js', 'go'])('programs in %s print what the pages say', (language) => {
  const run = RUNNERS[language]
  const own = snippets.filter((snippet) => snippet.language === language)

  it.for(own)('$page', { timeout: 120_000 }, async ({ page, code, output }, { skip }) => {
    if (run === undefined) return skip(LACKING[language])
    const child = run(code.replaceAll('6379', String(redis.port)))
    let printed = ''
    let errors = ''
    child.stdout!.on('data', (text) => (printed += String(text)))
    child.stderr!.on('data', (text) => (errors += String(text)))
    const ended = once(child, 'close')
    try {
      if (page === 'watch.md') {
        await pollUntil('the subscription', async () => Number(await redis.client().pubsub('NUMPAT')) > 0)
        await written('2026-11-02T08:00:00Z')
        await pollUntil('the message', () => Promise.resolve(printed.includes('user:42')))
      } else await ended
      // redis-cli begins with how to stop it.
      const shown = printed.replace(/^Reading messages.*\n/, '').trimEnd()
      expect(shown.slice(0, output.length), errors).toBe(output)
    } finally {
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL')
      await ended
    }
  })
})

function snippetsIn(page: string): Snippet[] {
  const text = readFileSync(join(PAGES, page), 'utf8')
  return [...text.matchAll(/^```(sh|python|js|go)\n(.*?)^```\n\n```text\n(.*?)\n```$/gms)].map(
    ([, language, code, output]) => ({ page, language: language!, code: code!, output: output! }),
  )
}

/** As on a terminal, which redis-cli has not here. */
function withCliOptions(code: string): string {
  return code.replaceAll(/redis-cli( --scan)?/g, (_, scan: string | undefined) =>
    scan === undefined ? `redis-cli -p ${redis.port} --no-raw` : `redis-cli -p ${redis.port}${scan}`,
  )
}

/** READING_PYTHON is a Python that has redis-py. */
function pythonRunner(): ((code: string) => ChildProcess) | undefined {
  const python = process.env['READING_PYTHON'] ?? 'python3'
  const hasRedis = spawnSync(python, ['-c', 'import redis']).status === 0
  return hasRedis ? (code) => spawn(python, ['-c', code], { detached: true }) : undefined
}

/** READING_GO is set where the programs may be compiled, which takes minutes the first time. */
async function goRunner(): Promise<((code: string) => ChildProcess) | undefined> {
  if (process.env['READING_GO'] === undefined) return undefined
  const run = promisify(execFile)
  const programs = snippets.filter(({ language }) => language === 'go')
  for (const { page, code } of programs) {
    mkdirSync(join(folder, page))
    writeFileSync(
      join(folder, page, 'main.go'),
      code.replace('"localhost:6379"', 'os.Args[1]').replace('"fmt"', '"fmt"\n"os"'),
    )
  }
  await run('go', ['mod', 'init', 'reading'], { cwd: folder })
  await run('go', ['get', GO_REDIS], { cwd: folder })
  await run('go', ['build', '-o', join(folder, 'programs') + '/', './...'], { cwd: folder })
  return (code) => {
    const { page } = programs.find((program) => program.code.replaceAll('6379', String(redis.port)) === code)!
    return spawn(join(folder, 'programs', page), [`localhost:${redis.port}`], { detached: true })
  }
}

async function written(updatedAt: string): Promise<void> {
  const rows = [
    { id: 42, name: 'Ada', updated_at: updatedAt },
    { id: 43, name: 'Grace', updated_at: updatedAt },
  ]
  const lines = rows.map((row) => record('users', row, { namespace: 'public' })).join('')
  const run = await write(redis, [USERS], lines + streamState('users', 1, { namespace: 'public' }), OPTIONS)
  expect(run).toMatchObject({ code: 0, errors: [] })
}
