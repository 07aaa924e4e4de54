// Memory while nothing leaves the connector: 105 MB and max_in_flight_bytes, 148 million bytes by default, however many states wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { record } from './support/messages.ts'
import { watchPeakRss } from './support/peak-rss.ts'
import { pollUntil } from './support/poll.ts'
import { RedisServer } from './support/redis-server.ts'
import { writeArgs } from './support/write.ts'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))

const STATES = caseCount(150_000, 3_000_000)
const STATE = '{"type":"STATE","state":{}}\n'
const PER_CHUNK = 2_000
const MOST_KB = 144_500

it.each(['Redis answers nothing', 'nobody reads stdout'])(
  'is bounded while %s, and every state is acknowledged afterwards',
  { timeout: 600_000 },
  async (trouble) => {
    await using redis = await RedisServer.start()
    const args = writeArgs(redis, [{ name: 's' }], { max_outage_seconds: 300 })
    const child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    const peakKb = watchPeakRss(child)
    const exit = once(child, 'close')
    child.stdin.write(record('s', { id: 1 }) + STATE)
    await once(child.stdout, 'readable')
    if (trouble === 'Redis answers nothing') await redis.kill('SIGSTOP')
    // Nobody reads it from here on.
    else child.stdout.pause()

    child.stdin.write(record('s', { id: 2 }))
    for (let sent = 0; sent < STATES; sent += PER_CHUNK) child.stdin.write(STATE.repeat(PER_CHUNK))
    child.stdin.end()
    let [before, stalls] = [-1, 0]
    await pollUntil('the connector to stop reading, or to have read everything', async () => {
      const { writableLength } = child.stdin
      stalls = writableLength === before ? stalls + 1 : 0
      before = writableLength
      return writableLength === 0 || stalls > 100
    })
    expect(peakKb()).toBeLessThan(MOST_KB)
    if (trouble === 'Redis answers nothing') await redis.kill('SIGCONT')

    let states = 0
    let rest = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const text = rest + chunk.toString()
      states += text.split('"STATE"').length - 1
      rest = text.slice(1 - '"STATE"'.length)
    })
    child.stdout.resume()
    expect(await exit).toEqual([0, null])
    expect(states).toBe(STATES + 1)
    expect(peakKb()).toBeLessThan(MOST_KB)
  },
)
