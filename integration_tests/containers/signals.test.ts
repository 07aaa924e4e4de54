// The connector as process 1 of a container, where a signal without a listener does nothing: a signal to `docker run -i`,
// as Ctrl-C sends it, ends the run as it does elsewhere.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildImage, image, startDocker } from './docker.ts'
import { runIn, writeInputs } from './image-run.ts'
import { configuredCatalog, linesOf, messagesIn, statesIn } from './messages.ts'
import { startRedis, type RedisContainer } from './redis-container.ts'

let redis: RedisContainer
let folder: string

beforeAll(async () => {
  await buildImage()
  redis = await startRedis()
  folder = writeInputs({
    'config.json': { host: 'redis', port: 6379 },
    'catalog.json': configuredCatalog('SIGINT', 'SIGTERM', 'SIGHUP'),
  })
}, 600_000)

afterAll(async () => {
  await redis?.stop()
  if (folder) rmSync(folder, { recursive: true })
}, 60_000)

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s ends write with %i, after its last message, and leaves no lease behind',
  { timeout: 120_000 },
  async (signal, code) => {
    const write = ['write', '--config', '/dest/config.json', '--catalog', '/dest/catalog.json']
    const child = startDocker([...runIn({ network: redis.network, folder }), image, ...write])
    const exit = once(child, 'exit')
    for (const line of linesOf(signal, { records: 20, every: 20 })) child.stdin.write(line)
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      // The input has no end, and what was acknowledged is there.
      if (statesIn(line).length > 0) child.kill(signal)
    }

    expect(await exit).toEqual([code, null])
    const messages = messagesIn(lines.join('\n'))
    expect(messages.at(-1)).toMatchObject({
      trace: { error: { failure_type: 'transient_error', message: expect.stringContaining(signal) } },
    })
    expect(messages.filter(({ type }) => type === 'TRACE')).toHaveLength(1)
    expect(await redis.ask('EXISTS', `${signal}:people:1`, `${signal}:people:20`)).toBe('2')
    expect(await redis.ask('KEYS', '_airbyte:lease:*')).toBe('')
  },
)
