/**
 * One run writes a stream at a time: it holds a lease, which expires unless it is renewed. A run that takes the lease of
 * a dead run first makes sure that nothing of that run can arrive any more.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { problem, TransientError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../redis/session/open-connection.ts'
import { LostDataError } from '../../redis/client/node-opener.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import type { Reply } from '../../redis/resp/reply.ts'
import { requireFormat } from './stream-metadata.ts'
import type { StreamPlan } from './stream-plan.ts'

const LEASE_MS = 10_000
const RENEW_EVERY_MS = 3_000
const POLL_EVERY_MS = 250

/** A lease with less time left is not released: it could expire, and be another run's, before it is removed. */
const LEAST_LEFT_MS = 1_000
const LONGEST_RELEASE_MS = 1_000

type LeaseClient = Pick<
  RedisClient,
  'ask' | 'onReconnect' | 'forgetRun' | 'identities' | 'fence' | 'end' | 'endWithLoss'
>

type Leased = Pick<StreamPlan, 'name' | 'leaseKey' | 'metadataKey'>

/** Whether the metadata of the streams name this run, and whether the servers have confirmed that. */
type Recorded = 'no' | 'yes' | 'confirmed'

export class Leases implements AsyncDisposable {
  readonly #client: LeaseClient
  readonly #runId: string
  readonly #log: Log
  /** The streams whose leases are held, and the id of the run that had each before. */
  readonly #held = new Map<Leased, string | null>()
  /** Until it is `yes`, the metadata may name a run that has to be fenced. */
  #recorded: Recorded = 'no'
  /** The metadata that this run removes, so that they do not have to name it. */
  readonly #forgotten = new Set<string>()
  #isWaiting = false
  readonly #renewal: NodeJS.Timeout
  #isRenewing = false

  /** Takes the leases of all streams, and waits for those of dead runs to expire. `runId`: an id of this run alone. */
  static async take(
    client: LeaseClient,
    streams: readonly Leased[],
    runId: string,
    log: Log,
  ): Promise<Leases> {
    const leases = new Leases(client, runId, log)
    // A connection may break while other runs are waited for.
    client.onReconnect((ask, identities) => leases.renewOnReconnect(ask, identities))
    try {
      // Of two runs that begin at the same time one gets all leases, as both begin with the same stream.
      const sorted = streams.toSorted((a, b) => (a.leaseKey < b.leaseKey ? -1 : 1))
      await leases.#takeAll(sorted.slice(0, 1))
      await leases.#takeAll(sorted.slice(1))
      const dead = await leases.#fenceFormerRuns()
      await leases.#recordAll()
      for (const formerRunId of dead) await client.forgetRun(formerRunId)
      // A run that was frozen on the way here may have lost them.
      const loss = await leases.#renew(leases.#ask)
      if (loss !== undefined) throw loss
    } catch (error) {
      await leases[Symbol.asyncDispose]()
      throw error
    }
    return leases
  }

  private constructor(client: LeaseClient, runId: string, log: Log) {
    this.#client = client
    this.#runId = runId
    this.#log = log
    // From the first lease on, as others may have to be waited for.
    this.#renewal = setInterval(() => void this.#renewInTime(), RENEW_EVERY_MS).unref()
  }

  /** The servers have confirmed, as durably as is configured, that the metadata name this run. */
  confirm(): void {
    this.#recorded = 'confirmed'
  }

  /** Notes that this run is about to remove the metadata of a stream: they are not taken for lost. */
  forgetMetadata({ metadataKey }: Leased): void {
    this.#forgotten.add(metadataKey)
  }

  /** Renews the leases now; ends the run where one is lost for good. */
  async renew(): Promise<void> {
    const loss = await this.#renew(this.#ask)
    if (loss instanceof LostDataError) await this.#client.endWithLoss()
    else if (loss !== undefined) this.#client.end(loss)
  }

  /** Renews the leases over new connections, before anything is sent; returns an error where another run has one. */
  async renewOnReconnect(ask: Ask, identities: readonly Identity[]): Promise<Error | undefined> {
    const loss = await this.#renew(ask)
    if (loss !== undefined || this.#recorded === 'no') return loss
    await this.#record(ask, connectionsText(identities))
    // A run that takes a lease from here on finds this connection; one that took it before is found here.
    return this.#renew(ask)
  }

  /** Releases the leases. Never fails, and never takes long: a lease that is not released expires. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal)
    const released = [...this.#held.keys()].map((stream) => this.#release(stream).catch(() => undefined))
    this.#held.clear()
    await Promise.race([Promise.all(released), sleep(LONGEST_RELEASE_MS, undefined, { ref: false })])
  }

  readonly #ask: Ask = (command, ...args) => this.#client.ask(command, ...args)

  /** Settles when no attempt is under way any more, so that all leases that were taken are known. */
  async #takeAll(streams: readonly Leased[]): Promise<void> {
    const problems: unknown[] = []
    const add = (error: unknown): unknown => problems.push(error)
    await Promise.all(streams.map((stream) => this.#takeOne(stream, problems).catch(add)))
    if (problems.length > 0) throw problems[0]
  }

  /** Stops when the lease of another stream could not be taken. */
  async #takeOne(stream: Leased, problems: readonly unknown[]): Promise<void> {
    const { leaseKey, name } = stream
    let seen: { holder: unknown; left: number } | undefined
    while (problems.length === 0) {
      const taken = await this.#ask('SET', leaseKey, this.#runId, 'PX', LEASE_MS, 'NX')
      const [holder, left] =
        taken === null
          ? await Promise.all([this.#ask('GET', leaseKey), this.#ask('PTTL', leaseKey)])
          : [this.#runId, LEASE_MS]
      // After a lost reply the lease may be our own.
      if (holder === this.#runId) return void this.#held.set(stream, null)
      if (holder === null) continue
      const isAlive = seen !== undefined && (holder !== seen.holder || Number(left) > seen.left)
      if (isAlive) throw streamInUse(name)
      this.#logWaiting(name)
      seen = { holder, left: Number(left) }
      await sleep(POLL_EVERY_MS)
    }
  }

  /** Logs one line, however many streams there are. */
  #logWaiting(name: string): void {
    if (!this.#isWaiting)
      this.#log('INFO', `${name}: another run holds the lease; waiting to see whether it is alive.`)
    this.#isWaiting = true
  }

  /**
   * Closes the connections of former runs that did not end well: one that was frozen for longer than its lease may still
   * send something. Returns the ids of these runs.
   */
  async #fenceFormerRuns(): Promise<Set<string>> {
    const former = await Promise.all([...this.#held.keys()].map((stream) => this.#readFormerRun(stream)))
    const areClosed = await this.#client.fence([...new Set(former)].flatMap(readConnections))
    if (!areClosed)
      this.#log('WARN', 'The connections of a run that did not end well could not be closed (CLIENT KILL).')
    const runIds = [...this.#held.values()].filter((runId, at) => runId !== null && former[at] !== null)
    return new Set(runIds as string[])
  }

  /** Returns the connections of the run that had the lease before. */
  async #readFormerRun(stream: Leased): Promise<Reply> {
    const reply = await this.#ask('HMGET', stream.metadataKey, 'format', 'run_id', 'connections')
    const [format, runId, connections] = reply as (string | null)[]
    requireFormat(stream, format)
    this.#held.set(stream, runId!)
    return connections!
  }

  /** Records the connections in use: if one breaks meanwhile, those that replace it. */
  async #recordAll(): Promise<void> {
    const current = (): string => connectionsText(this.#client.identities)
    for (let recorded: string | undefined; recorded !== current();)
      await this.#record(this.#ask, (recorded = current()))
    this.#recorded = 'yes'
  }

  async #renewInTime(): Promise<void> {
    if (this.#isRenewing) return
    this.#isRenewing = true
    try {
      await this.renew()
    } catch {
      // The client has failed, and everybody who waits for it gets the reason.
    } finally {
      this.#isRenewing = false
    }
  }

  /** Returns an error where a lease is lost for good. */
  async #renew(ask: Ask): Promise<Error | undefined> {
    const losses = await Promise.all(
      [...this.#held].map(async ([stream, formerRunId]) => {
        const isConfirmed = this.#recorded === 'confirmed' && !this.#forgotten.has(stream.metadataKey)
        const [holder, last] = await Promise.all([
          ask('GET', stream.leaseKey),
          isConfirmed ? ask('HGET', stream.metadataKey, 'run_id') : this.#runId,
        ])
        if (holder !== this.#runId || last !== this.#runId) return this.#retake(ask, stream, formerRunId)
        await ask('PEXPIRE', stream.leaseKey, LEASE_MS)
        return undefined
      }),
    )
    return losses.find((loss) => loss !== undefined)
  }

  /** Takes a lease that expired during an outage again, if no other run has had it in between. */
  async #retake(ask: Ask, stream: Leased, formerRunId: string | null): Promise<Error | undefined> {
    const { leaseKey, metadataKey, name } = stream
    await ask('SET', leaseKey, this.#runId, 'PX', LEASE_MS, 'NX')
    // Its reply may have been lost, and a second SET would find the lease held: by this run.
    const [holder, last] = await Promise.all([ask('GET', leaseKey), ask('HGET', metadataKey, 'run_id')])
    if (this.#recorded === 'no') return holder === this.#runId ? undefined : streamInUse(name)
    if (holder !== this.#runId) return takenOver(name)
    if (last === this.#runId || (last === null && this.#forgotten.has(metadataKey))) return undefined
    // Another run would have left its own id. The run before does not write any more: the metadata are older than this run.
    if (last !== null && last !== formerRunId) return takenOver(name)
    if (this.#recorded === 'confirmed') return new LostDataError(`${metadataKey} does not name this run`)
    // A server that takes over at the very beginning has lost nothing yet.
    await this.#recordOne(ask, stream, connectionsText(this.#client.identities))
    return undefined
  }

  /** Records the run that has the leases, and its connections. */
  async #record(ask: Ask, connections: string): Promise<void> {
    const recorded = [...this.#held.keys()].filter(({ metadataKey }) => !this.#forgotten.has(metadataKey))
    await Promise.all(recorded.map((stream) => this.#recordOne(ask, stream, connections)))
  }

  async #recordOne(ask: Ask, { metadataKey }: Leased, connections: string): Promise<void> {
    // Once it is confirmed, a missing id shows that data were lost.
    const runId = this.#recorded === 'confirmed' ? [] : ['run_id', this.#runId]
    await ask('HSET', metadataKey, ...runId, 'connections', connections)
  }

  async #release({ leaseKey, metadataKey }: Leased): Promise<void> {
    const [holder, left] = await Promise.all([this.#ask('GET', leaseKey), this.#ask('PTTL', leaseKey)])
    if (holder !== this.#runId || Number(left) < LEAST_LEFT_MS) return
    // The connections of a former run that were not fenced are left for the next run.
    const removed = this.#recorded === 'no' ? undefined : this.#ask('HDEL', metadataKey, 'connections')
    await Promise.all([removed, this.#ask('DEL', leaseKey)])
  }
}

/** Returns `<server> <its process> <client id>, …`, with empty words for what is not known. */
function connectionsText(identities: readonly Identity[]): string {
  return identities.map(({ where, runId = '', clientId = '' }) => `${where} ${runId} ${clientId}`).join(', ')
}

function readConnections(text: Reply): Identity[] {
  if (typeof text !== 'string') return []
  return text.split(', ').map((one) => {
    const [where = '', runId, clientId] = one.split(' ')
    return { where, runId: runId || undefined, clientId: Number(clientId) || undefined }
  })
}

function streamInUse(stream: string): TransientError {
  return new TransientError(
    problem(
      'stream-in-use',
      `Another run is writing stream ${stream}, and only one sync may write a stream at a time. Wait for it to end, or ` +
        'stop it; this run has changed nothing.',
      { params: { stream } },
    ),
  )
}

function takenOver(stream: string): TransientError {
  return new TransientError(
    problem(
      'stream-taken-over',
      `Another run has taken over stream ${stream} while this one could not reach Redis in time. The records that this ` +
        'run acknowledged are in Redis; it ends here.',
      { params: { stream } },
    ),
  )
}
