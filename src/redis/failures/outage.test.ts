import { describe, expect, it, vi } from 'vitest'
import { problem, TransientError } from '../../errors.ts'
import { Outage } from './outage.ts'

const REFUSED = new TransientError(problem('connection-refused', 'Nothing listens at h:1.'))

describe('pauses', () => {
  it('double from a tenth of a second up to five seconds, each cut by up to a half', async () => {
    const pauses = await pausesOf(12)
    for (const [attempt, seconds] of pauses.entries()) {
      const longest = Math.min(5, 0.1 * 2 ** attempt)
      expect(seconds, `attempt ${attempt}`).toBeGreaterThanOrEqual(longest / 2)
      expect(seconds, `attempt ${attempt}`).toBeLessThanOrEqual(longest)
    }
  })

  it('differ from one connector to the next', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => pausesOf(10)))
    expect(new Set(runs.map((pauses) => pauses.at(-1))).size).toBeGreaterThan(3)
  })

  it('are not longer than the rest of the time', async () => {
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
  it('is waited for as long as it may last, then given up with its reason', async () => {
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
      problems: [
        { code: 'connection-refused' },
        { code: 'outage-too-long', options: ['max_outage_seconds'], params: { seconds: 0.4 } },
      ],
      cause: REFUSED,
    })
    expect(pauses).toBeGreaterThan(0)
  })

  it('is not waited for at all where the time is 0', async () => {
    const log: string[] = []
    const outage = new Outage(0, (_, message) => log.push(message))
    await expect(outage.pause(REFUSED, new AbortController().signal)).rejects.toMatchObject({
      problems: [{}, { code: 'outage-too-long', params: { seconds: 0 } }],
    })
    expect(log).toEqual([])
  })

  it('that has ended is logged once, and the next one begins with short pauses and all its time', async () => {
    const log: string[] = []
    const outage = new Outage(60, (level, message) => log.push(`${level} ${message}`))
    for (let attempt = 0; attempt < 8; attempt++) await interrupted(outage)
    log.length = 0
    outage.end()
    outage.end()
    await interrupted(outage)
    expect(log).toEqual([
      expect.stringMatching(/^INFO Redis takes writes again, after \d+\.\d seconds\.$/),
      expect.stringMatching(/^WARN Nothing listens at h:1\. \[connection-refused\] Retrying/),
    ])
  })

  it('is logged when it begins, and then every 30 seconds with the time that is left', async () => {
    let now = 0
    const clock = vi.spyOn(process, 'hrtime').mockImplementation(() => [0, now * 1_000_000])
    try {
      const log: string[] = []
      const sleep = (ms: number): Promise<void> => Promise.resolve(void (now += ms))
      const outage = new Outage(110, (level, message) => log.push(`${level} ${message}`), undefined, sleep)
      await expect(keepPausing(outage)).rejects.toMatchObject({ problems: [{}, { code: 'outage-too-long' }] })
      const lead = 'WARN Nothing listens at h:1. [connection-refused]'
      expect(log[0]).toBe(`${lead} Retrying for up to 110 seconds (max_outage_seconds).`)
      // A pause lasts 5 seconds at most, so the messages come by 35, 70 and 105 seconds at the latest.
      expect(log.slice(1)).toHaveLength(3)
      for (const [index, message] of log.slice(1).entries()) {
        expect(message.startsWith(`${lead} Still retrying; `)).toBe(true)
        const left = Number.parseInt(/(1 second is|\d+ seconds are) left/.exec(message)?.[1] ?? '')
        expect(left).toBeLessThanOrEqual(80 - 30 * index)
        expect(left).toBeGreaterThanOrEqual(75 - 35 * index)
      }
    } finally {
      clock.mockRestore()
    }
  })

  it('of one second is in the singular', async () => {
    const log: string[] = []
    const outage = new Outage(
      1,
      (_, message) => log.push(message),
      undefined,
      () => Promise.resolve(),
    )
    await outage.pause(REFUSED, new AbortController().signal)
    expect(log).toEqual([expect.stringMatching(/ for up to 1 second \(/)])
  })

  it('ends with the log line that it was given', async () => {
    const log: string[] = []
    const outage = new Outage(60, (_, message) => log.push(message), 'All is durable again')
    await interrupted(outage)
    outage.end()
    expect(log.at(-1)).toMatch(/^All is durable again, after \d+\.\d seconds\.$/)
  })

  it('that never began has no end to log', () => {
    const log: string[] = []
    new Outage(60, (_, message) => log.push(message)).end()
    expect(log).toEqual([])
  })
})

/** Returns the pauses of so many attempts, in seconds; none is really waited for. */
async function pausesOf(attempts: number, maxSeconds = 600): Promise<number[]> {
  const pauses: number[] = []
  const sleep = (ms: number): Promise<void> => Promise.resolve(void pauses.push(ms / 1000))
  const outage = new Outage(maxSeconds, () => undefined, undefined, sleep)
  const { signal } = new AbortController()
  for (let attempt = 0; attempt < attempts; attempt++) await outage.pause(REFUSED, signal)
  return pauses
}

async function keepPausing(outage: Outage): Promise<never> {
  const { signal } = new AbortController()
  for (;;) await outage.pause(REFUSED, signal)
}

async function interrupted(outage: Outage): Promise<void> {
  await expect(outage.pause(REFUSED, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
}
