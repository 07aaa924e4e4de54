import { describe, expect, it } from 'vitest'
import { TransientError } from '../../errors.ts'
import { Outage } from './outage.ts'

const REFUSED = new TransientError('Nothing listens at h:1.')

describe('pauses', () => {
  it('double from a tenth of a second up to five seconds, each cut by up to a half', async () => {
    const pauses = await pausesOf(12)
    for (const [attempt, seconds] of pauses.entries()) {
      const longest = Math.min(5, 0.1 * 2 ** attempt)
      // The log rounds them to tenths.
      expect(seconds, `attempt ${attempt}`).toBeGreaterThanOrEqual(longest / 2 - 0.05)
      expect(seconds, `attempt ${attempt}`).toBeLessThanOrEqual(longest + 0.05)
    }
  })

  it('differ from one connector to the next', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => pausesOf(10)))
    expect(new Set(runs.map((pauses) => pauses.at(-1))).size).toBeGreaterThan(3)
  })

  it('are told with their reason', async () => {
    const log: string[] = []
    const outage = new Outage(60, (level, message) => log.push(`${level} ${message}`))
    await interrupted(outage)
    expect(log).toEqual(['WARN Nothing listens at h:1. Trying again in 0.1 seconds.'])
  })

  it('are not longer than what is left of the time', async () => {
    for (const seconds of await pausesOf(20, 3)) expect(seconds).toBeLessThanOrEqual(3)
  })

  it('end when the run does', async () => {
    const outage = new Outage(60, () => undefined)
    const controller = new AbortController()
    const pause = outage.pause(REFUSED, controller.signal)
    controller.abort()
    await expect(pause).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('an outage', () => {
  it('is waited for as long as it may last, then given up for its reason', async () => {
    const outage = new Outage(0.4, () => undefined)
    const { signal } = new AbortController()
    let pauses = 0
    const waiting = (async () => {
      for (;;) {
        await outage.pause(REFUSED, signal)
        pauses++
      }
    })()
    const error: unknown = await waiting.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({
      message:
        'Nothing listens at h:1. Gave up after 0.4 seconds (max_outage_seconds); what was confirmed before is safe.',
      cause: REFUSED,
    })
    expect(pauses).toBeGreaterThan(0)
  })

  it('is not waited for at all where the time is 0', async () => {
    const log: string[] = []
    const outage = new Outage(0, (_, message) => log.push(message))
    await expect(outage.pause(REFUSED, new AbortController().signal)).rejects.toThrow(
      'Gave up after 0 seconds',
    )
    expect(log).toEqual([])
  })

  it('that has ended is told once, and the next one begins with short pauses and all its time', async () => {
    const log: string[] = []
    const outage = new Outage(60, (level, message) => log.push(`${level} ${message}`))
    for (let attempt = 0; attempt < 8; attempt++) await interrupted(outage)
    log.length = 0
    outage.end()
    outage.end()
    await interrupted(outage)
    expect(log).toEqual([
      expect.stringMatching(/^INFO Redis takes writes again, after \d+\.\d seconds\.$/),
      'WARN Nothing listens at h:1. Trying again in 0.1 seconds.',
    ])
  })

  it('is told to be over in the words that are given', async () => {
    const log: string[] = []
    const outage = new Outage(60, (_, message) => log.push(message), 'All is durable again')
    await interrupted(outage)
    outage.end()
    expect(log.at(-1)).toMatch(/^All is durable again, after \d+\.\d seconds\.$/)
  })

  it('that never was has no end to tell', () => {
    const log: string[] = []
    new Outage(60, (_, message) => log.push(message)).end()
    expect(log).toEqual([])
  })
})

/** The pauses of so many attempts, in seconds as logged; none is really waited for. */
async function pausesOf(attempts: number, maxSeconds = 600): Promise<number[]> {
  const log: string[] = []
  const outage = new Outage(maxSeconds, (_, message) => log.push(message))
  for (let attempt = 0; attempt < attempts; attempt++) await interrupted(outage)
  return log.map((message) => Number(/in (\S+) seconds/.exec(message)?.[1]))
}

async function interrupted(outage: Outage): Promise<void> {
  await expect(outage.pause(REFUSED, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
}
