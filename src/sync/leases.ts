/**
 * One run writes a stream at a time: it holds a lease, which runs out unless it is renewed. A run that takes the lease
 * of one that has not renewed it makes sure that nothing of that one arrives any more.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, TransientError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Identity, Reply } from '../redis/connect.ts'
import { fence } from '../redis/fence.ts'
import type { Ask, Link } from '../redis/link.ts'
import type { StreamPlan } from './plan.ts'

const LEASE_MS = 10_000
const RENEWED_EVERY_MS = 3_000
const LOOKED_AT_EVERY_MS = 250

/** What is left of a lease may end before it is given back. */
const LEAST_LEFT_MS = 1_000
const LONGEST_RELEASE_MS = 1_000

type Leased = Pick<StreamPlan, 'name' | 'leaseKey' | 'notesKey'>

export class Leases implements AsyncDisposable {
  readonly #link: Link
  readonly #run: string
  readonly #held: Leased[] = []
  readonly #renewal: NodeJS.Timeout
  #isRenewing = false

  /** Takes the leases of all streams, waiting for those of runs that have died. `run`: a name that no other run has. */
  static async take(link: Link, streams: readonly Leased[], run: string, log: Log): Promise<Leases> {
    const leases = new Leases(link, run)
    try {
      await Promise.all(streams.map((stream) => leases.#take(stream, log)))
    } catch (error) {
      await leases[Symbol.asyncDispose]()
      throw error
    }
    return leases
  }

  private constructor(link: Link, run: string) {
    this.#link = link
    this.#run = run
    // From the first one on: others may have to be waited for.
    this.#renewal = setInterval(() => void this.#renewInTime(), RENEWED_EVERY_MS).unref()
  }

  /** Renews the leases over a new connection; gives an error where another run has taken one. */
  async objection(ask: Ask, identities: readonly Identity[]): Promise<Error | undefined> {
    const loss = await this.#renew(ask)
    if (loss !== undefined) return loss
    await Promise.all(this.#held.map((stream) => this.#noteHolder(ask, stream, identities)))
    return undefined
  }

  /** Gives the leases back. Never fails, and never takes long: what is not given back runs out. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal)
    const released = this.#held.splice(0).map((stream) => this.#release(stream).catch(() => undefined))
    await Promise.race([Promise.all(released), sleep(LONGEST_RELEASE_MS, undefined, { ref: false })])
  }

  async #take(stream: Leased, log: Log): Promise<void> {
    const { leaseKey, notesKey, name } = stream
    const ask: Ask = (command, ...args) => this.#link.ask(command, ...args)
    let seen: { holder: unknown; left: number } | undefined
    while ((await ask('SET', leaseKey, this.#run, 'PX', LEASE_MS, 'NX')) === null) {
      const [holder, left] = await Promise.all([ask('GET', leaseKey), ask('PTTL', leaseKey)])
      // After a lost reply the lease may be our own.
      if (holder === this.#run) break
      if (holder === null) continue
      if (seen === undefined)
        log('INFO', `${name}: another run holds the lease; waiting to see whether it is alive.`)
      else if (holder !== seen.holder || Number(left) > seen.left) throw isWritten(name)
      seen = { holder, left: Number(left) }
      await sleep(LOOKED_AT_EVERY_MS)
    }
    this.#held.push(stream)
    await this.#silence(await ask('HGET', notesKey, 'holder'), log)
    await this.#noteHolder(ask, stream, this.#link.identities)
  }

  /** A run that was frozen for longer than its lease may still have something to send. */
  async #silence(note: Reply, log: Log): Promise<void> {
    if (typeof note !== 'string') return
    const [identity = { clientId: undefined, runId: undefined }] = this.#link.identities
    const call: Ask = (command, ...args) => this.#link.ask(command, ...args)
    const areSilent = await fence(readHolder(note), { identity, call }).catch(refused)
    if (!areSilent)
      log('WARN', 'The connections of a run that did not end well could not be closed (CLIENT KILL).')
  }

  async #renewInTime(): Promise<void> {
    if (this.#isRenewing) return
    this.#isRenewing = true
    try {
      const loss = await this.#renew((command, ...args) => this.#link.ask(command, ...args))
      if (loss !== undefined) this.#link.end(loss)
    } catch {
      // Whoever waits for the link is told why it failed.
    } finally {
      this.#isRenewing = false
    }
  }

  /** Gives an error where a lease cannot be had any more. */
  async #renew(ask: Ask): Promise<Error | undefined> {
    const losses = await Promise.all(
      this.#held.map(async (stream) => {
        const holder = await ask('GET', stream.leaseKey)
        if (holder === this.#run) await ask('PEXPIRE', stream.leaseKey, LEASE_MS)
        else return this.#retake(ask, stream)
        return undefined
      }),
    )
    return losses.find((loss) => loss !== undefined)
  }

  /** A lease that ran out during an outage can be taken again where nobody has had it in between. */
  async #retake(ask: Ask, { leaseKey, notesKey, name }: Leased): Promise<Error | undefined> {
    const taken = await ask('SET', leaseKey, this.#run, 'PX', LEASE_MS, 'NX')
    const last = await ask('HGET', notesKey, 'run')
    if (last === null) return notesAreGone(name)
    return taken === null || last !== this.#run ? takenOver(name) : undefined
  }

  /** The last run that had the lease, and `<run id of the server> <client id> …`, its connections there. */
  async #noteHolder(ask: Ask, { notesKey }: Leased, identities: readonly Identity[]): Promise<void> {
    const ids = identities.map(({ clientId }) => clientId ?? 0)
    const holder = [identities[0]?.runId ?? '', ...ids].join(' ')
    await ask('HSET', notesKey, 'run', this.#run, 'holder', holder)
  }

  async #release({ leaseKey, notesKey }: Leased): Promise<void> {
    const [holder, left] = await Promise.all([
      this.#link.ask('GET', leaseKey),
      this.#link.ask('PTTL', leaseKey),
    ])
    if (holder !== this.#run || Number(left) < LEAST_LEFT_MS) return
    await Promise.all([this.#link.ask('HDEL', notesKey, 'holder'), this.#link.ask('DEL', leaseKey)])
  }
}

/** Servers may deny CLIENT. */
function refused(error: unknown): false {
  if (error instanceof ConfigError) return false
  throw error
}

function readHolder(note: string): Identity[] {
  const [runId, ...ids] = note.split(' ')
  return ids.map((id) => ({ runId: runId || undefined, clientId: Number(id) || undefined }))
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
