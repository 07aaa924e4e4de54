/**
 * One run writes a stream at a time: it holds a lease, which runs out unless it is renewed. A run that takes the lease
 * of one that has not renewed it makes sure that nothing of that one arrives any more.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../redis/session/open-connection.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import type { StreamPlan } from './stream-plan.ts'
import type { Reply } from '../../redis/resp/reply.ts'

const LEASE_MS = 10_000
const RENEWED_EVERY_MS = 3_000
const LOOKED_AT_EVERY_MS = 250

/** What is left of a lease may end before it is given back. */
const LEAST_LEFT_MS = 1_000
const LONGEST_RELEASE_MS = 1_000

type Leased = Pick<StreamPlan, 'name' | 'leaseKey' | 'metadataKey'>

export class Leases implements AsyncDisposable {
  readonly #client: RedisClient
  readonly #run: string
  readonly #log: Log
  readonly #held = new Set<Leased>()
  /** Whether the streams' notes name this run. Before, they may name one that has to be silenced. */
  #isNoted = false
  #isWaiting = false
  readonly #renewal: NodeJS.Timeout
  #isRenewing = false

  /** Takes the leases of all streams, waiting for those of runs that have died. `run`: a name that no other run has. */
  static async take(client: RedisClient, streams: readonly Leased[], run: string, log: Log): Promise<Leases> {
    const leases = new Leases(client, run, log)
    // Others may have to be waited for, and a connection may break meanwhile.
    client.onReconnect((ask, identities) => leases.objection(ask, identities))
    try {
      // Of two runs that begin at a time, one gets all, as both begin with the same stream.
      const inOrder = streams.toSorted((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
      await leases.#takeAll(inOrder.slice(0, 1))
      await leases.#takeAll(inOrder.slice(1))
      await leases.#silenceFormer()
      await leases.#noteAll()
      // A run that was frozen on the way here may have lost them.
      const loss = await leases.#renew(leases.#ask)
      if (loss !== undefined) throw loss
    } catch (error) {
      await leases[Symbol.asyncDispose]()
      throw error
    }
    return leases
  }

  private constructor(client: RedisClient, run: string, log: Log) {
    this.#client = client
    this.#run = run
    this.#log = log
    // From the first one on: others may have to be waited for.
    this.#renewal = setInterval(() => void this.#renewInTime(), RENEWED_EVERY_MS).unref()
  }

  /** Renews the leases over a new connection; gives an error where another run has taken one. */
  async objection(ask: Ask, identities: readonly Identity[]): Promise<Error | undefined> {
    const loss = await this.#renew(ask)
    if (loss !== undefined || !this.#isNoted) return loss
    await this.#note(ask, wordsFor(identities))
    // Another run that takes the lease from here on finds this connection; one that took it before is found here.
    return this.#renew(ask)
  }

  /** Gives the leases back. Never fails, and never takes long: what is not given back runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal)
    const released = [...this.#held].map((stream) => this.#release(stream).catch(() => undefined))
    this.#held.clear()
    await Promise.race([Promise.all(released), sleep(LONGEST_RELEASE_MS, undefined, { ref: false })])
  }

  readonly #ask: Ask = (command, ...args) => this.#client.ask(command, ...args)

  /** Ends when none is on its way any more, so that all that were taken are known. */
  async #takeAll(streams: readonly Leased[]): Promise<void> {
    const problems: unknown[] = []
    const note = (problem: unknown): unknown => problems.push(problem)
    await Promise.all(streams.map((stream) => this.#takeOne(stream, problems).catch(note)))
    if (problems.length > 0) throw problems[0]
  }

  /** Stops where there are problems with others. */
  async #takeOne(stream: Leased, problems: readonly unknown[]): Promise<void> {
    const { leaseKey, name } = stream
    let seen: { holder: unknown; left: number } | undefined
    while (problems.length === 0) {
      const taken = await this.#ask('SET', leaseKey, this.#run, 'PX', LEASE_MS, 'NX')
      const [holder, left] =
        taken === null
          ? await Promise.all([this.#ask('GET', leaseKey), this.#ask('PTTL', leaseKey)])
          : [this.#run, LEASE_MS]
      // After a lost reply the lease may be our own.
      if (holder === this.#run) return void this.#held.add(stream)
      if (holder === null) continue
      const isAlive = seen !== undefined && (holder !== seen.holder || Number(left) > seen.left)
      if (isAlive) throw isWritten(name)
      this.#tellWaiting(name)
      seen = { holder, left: Number(left) }
      await sleep(LOOKED_AT_EVERY_MS)
    }
  }

  /** Once, however many streams there are. */
  #tellWaiting(name: string): void {
    if (!this.#isWaiting)
      this.#log('INFO', `${name}: another run holds the lease; waiting to see whether it is alive.`)
    this.#isWaiting = true
  }

  /** A run that was frozen for longer than its lease may still have something to send. */
  async #silenceFormer(): Promise<void> {
    const held = [...this.#held]
    const notes = await Promise.all(held.map(({ metadataKey }) => this.#ask('HGET', metadataKey, 'holder')))
    const former = [...new Set(notes)].flatMap(readHolder)
    const areSilent = await this.#client.fence(former)
    if (!areSilent)
      this.#log('WARN', 'The connections of a run that did not end well could not be closed (CLIENT KILL).')
  }

  /** Notes that are asked for again after a lost connection name that one. */
  async #noteAll(): Promise<void> {
    const words = (): string => wordsFor(this.#client.identities)
    for (let noted: string | undefined; noted !== words();) await this.#note(this.#ask, (noted = words()))
    this.#isNoted = true
  }

  async #renewInTime(): Promise<void> {
    if (this.#isRenewing) return
    this.#isRenewing = true
    try {
      const loss = await this.#renew(this.#ask)
      if (loss !== undefined) this.#client.end(loss)
    } catch {
      // Whoever waits for the link is told why it failed.
    } finally {
      this.#isRenewing = false
    }
  }

  /** Gives an error where a lease cannot be had any more. */
  async #renew(ask: Ask): Promise<Error | undefined> {
    const losses = await Promise.all(
      [...this.#held].map(async (stream) => {
        const holder = await ask('GET', stream.leaseKey)
        if (holder === this.#run) await ask('PEXPIRE', stream.leaseKey, LEASE_MS)
        else return this.#retake(ask, stream)
        return undefined
      }),
    )
    return losses.find((loss) => loss !== undefined)
  }

  /** A lease that ran out during an outage can be taken again where nobody has had it in between. */
  async #retake(ask: Ask, { leaseKey, metadataKey, name }: Leased): Promise<Error | undefined> {
    await ask('SET', leaseKey, this.#run, 'PX', LEASE_MS, 'NX')
    // Its answer may have been lost, and a second one would say that the lease is held: by this run.
    const [holder, last] = await Promise.all([ask('GET', leaseKey), ask('HGET', metadataKey, 'run')])
    if (!this.#isNoted) return holder === this.#run ? undefined : isWritten(name)
    if (holder !== this.#run) return takenOver(name)
    if (last === null) return notesAreGone(name)
    return last === this.#run ? undefined : takenOver(name)
  }

  /** The last run that had the leases, and its connections. */
  async #note(ask: Ask, holder: string): Promise<void> {
    const notes = [...this.#held].map(({ metadataKey }) =>
      ask('HSET', metadataKey, 'run', this.#run, 'holder', holder),
    )
    await Promise.all(notes)
  }

  async #release({ leaseKey, metadataKey }: Leased): Promise<void> {
    const [holder, left] = await Promise.all([this.#ask('GET', leaseKey), this.#ask('PTTL', leaseKey)])
    if (holder !== this.#run || Number(left) < LEAST_LEFT_MS) return
    // What another run has left is for the next one.
    const noted = this.#isNoted ? this.#ask('HDEL', metadataKey, 'holder') : undefined
    await Promise.all([noted, this.#ask('DEL', leaseKey)])
  }
}

/** `<server> <its process> <client id>, …`, each part as far as it is known. */
function wordsFor(identities: readonly Identity[]): string {
  return identities.map(({ where, runId = '', clientId = '' }) => `${where} ${runId} ${clientId}`).join(', ')
}

function readHolder(note: Reply): Identity[] {
  if (typeof note !== 'string') return []
  return note.split(', ').map((words) => {
    const [where = '', runId, clientId] = words.split(' ')
    return { where, runId: runId || undefined, clientId: Number(clientId) || undefined }
  })
}

function isWritten(name: string): TransientError {
  return new TransientError(
    `Another run is writing stream ${name}, and two at a time would mix their work. Wait for it to end, or stop it; ` +
      'this run has changed nothing.',
  )
}

function takenOver(name: string): TransientError {
  return new TransientError(
    `Another run has taken over stream ${name} while this one could not reach Redis in time. What this one had ` +
      'acknowledged is there; it ends here.',
  )
}

function notesAreGone(name: string): TransientError {
  return new TransientError(
    `Redis has lost what this run had noted of stream ${name}: it came back with older data, or was flushed, and ` +
      'acknowledged records may be gone. Run a full refresh; with appendfsync always no restart does this.',
  )
}
