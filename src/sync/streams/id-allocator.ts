/**
 * Gives out `_airbyte_ab_id`s: one INCRBY a batch and stream on the stream's counter. They rise in the order of
 * arrival and are unique; a lost reply leaves a gap.
 */
import { ConfigError, SystemError, TransientError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import {
  keptFrom,
  readGenerations,
  withGeneration,
  writeGenerations,
  type Generation,
} from './generations.ts'
import type { StreamPlan } from './stream-plan.ts'
import type { Reply } from '../../redis/resp/reply.ts'

/** Ids `first` to `last`, both included. */
export interface IdRange {
  first: number
  last: number
}

interface Counter {
  readonly plan: StreamPlan
  /** What it stood at when the run began: ids up to here are from earlier runs. */
  readonly startedAt: number
  /** Which ids belong to which generation, that of this run included. */
  readonly generations: readonly Generation[]
  /** The lowest id of earlier runs that still has a key, if the connector noted it. */
  readonly lowest: number | undefined
  /** Of a new stream: the note of its lowest id, which nothing has to wait for; gives an error if it failed. */
  readonly noted: Promise<unknown> | undefined
  /** The highest id given out, by earlier runs or this one. */
  given: number
  /** Reservations made one at a time, and when the last of them will have been made. */
  waiting: number
  turn: Promise<unknown>
}

export class IdAllocator {
  readonly #client: RedisClient
  /** By stream index; none where a stream's records have no ids. */
  readonly #counters: readonly (Counter | undefined)[]

  /** Reads where the counters stand, and lifts them above ids given out already. */
  static async open(client: RedisClient, plans: readonly StreamPlan[]): Promise<IdAllocator> {
    const counters = plans.map(async (plan) => (plan.layout.usesIds ? openCounter(client, plan) : undefined))
    return new IdAllocator(client, await Promise.all(counters))
  }

  private constructor(client: RedisClient, counters: readonly (Counter | undefined)[]) {
    this.#client = client
    this.#counters = counters
  }

  /** The ids of generations that are not kept and that may still have keys, and whether their range was noted. */
  replaced(plan: StreamPlan): IdRange & { isNoted: boolean } {
    const { lowest, startedAt, generations } = this.#counters[plan.index]!
    return {
      first: lowest ?? 1,
      last: keptFrom(plan.stream, generations, startedAt + 1) - 1,
      isNoted: lowest !== undefined,
    }
  }

  /** The highest id given out. */
  given(plan: StreamPlan): number {
    return this.#counters[plan.index]!.given
  }

  /** Gives as many ids as `count`, rising, in ranges. Batches must ask in the order of their records. */
  reserve(plan: StreamPlan, count: number): Promise<IdRange[]> {
    const counter = this.#counters[plan.index]!
    // How many ids a block yields is not known beforehand where some of them may have to be left out, and then the
    // block after it must not be asked for yet.
    const mayFallShort = counter.given < (plan.foreignIds.at(-1) ?? 0)
    if (!mayFallShort && counter.waiting === 0) return this.#reserve(counter, count)
    counter.waiting++
    const reserved = counter.turn.then(() => this.#reserve(counter, count))
    counter.turn = reserved.catch(() => {}).then(() => counter.waiting--)
    return reserved
  }

  async #reserve(counter: Counter, count: number): Promise<IdRange[]> {
    const { plan } = counter
    const ranges: IdRange[] = []
    for (let missing = count; missing > 0;) {
      const last = Number(await this.#client.ask('INCRBY', plan.counterKey, missing))
      if (!Number.isSafeInteger(last))
        throw new SystemError(`The counter of stream ${plan.name} has left the range of exact numbers.`)
      const block: IdRange = { first: last - missing + 1, last }
      if (block.first <= counter.given) throw cameBackOlder(plan.name)
      counter.given = last
      for (const range of withoutForeign(block, plan.foreignIds)) {
        ranges.push(range)
        missing -= range.last - range.first + 1
      }
    }
    return ranges
  }

  /** Throws if the server has lost ids that were given out, perhaps without a connection breaking. */
  async requireIntact(): Promise<void> {
    const objection = await this.objection((command, ...args) => this.#client.ask(command, ...args))
    if (objection !== undefined) throw objection
    for (const counter of this.#counters) {
      const problem = await counter?.noted
      if (problem instanceof Error) throw problem
    }
  }

  /** Lifts counters that a server has brought back lower, having lost nothing else that matters. */
  async lift(ask: Ask): Promise<void> {
    const lifted = this.#used.map(async ({ plan, given }) => {
      const stands = Number(await ask('GET', plan.counterKey))
      if (stands < given) await ask('INCRBY', plan.counterKey, given - stands)
    })
    await Promise.all(lifted)
  }

  /** A counter below an id already given out: the server came back without records that were acknowledged. */
  async objection(ask: Ask): Promise<Error | undefined> {
    const used = this.#used
    const stand = await Promise.all(used.map(({ plan }) => ask('GET', plan.counterKey)))
    const older = used.find(({ given }, index) => Number(stand[index]) < given)
    return older && cameBackOlder(older.plan.name)
  }

  get #used(): Counter[] {
    return this.#counters.filter(
      (counter): counter is Counter => counter !== undefined && counter.given > counter.startedAt,
    )
  }
}

/** Gives the ids of rising ranges one by one. */
export class IdCursor {
  readonly #ranges: readonly IdRange[]
  #range = 0
  #next: number
  #last: number

  constructor(ranges: readonly IdRange[]) {
    this.#ranges = ranges
    this.#next = ranges[0]!.first
    this.#last = ranges[0]!.last
  }

  take(): number {
    if (this.#next > this.#last) {
      const { first, last } = this.#ranges[++this.#range]!
      this.#next = first
      this.#last = last
    }
    return this.#next++
  }
}

async function openCounter(client: RedisClient, plan: StreamPlan): Promise<Counter> {
  const [current, classic, noted, notedGenerations] = await Promise.all([
    client.ask('GET', plan.counterKey).catch((error: unknown) => refuseForeignKey(error, plan)),
    // The classic connector counted in a second key while it loaded; its ids can be the higher ones.
    client.ask('GET', `tmp:${plan.counterKey}`).catch(() => null),
    client.ask('HGET', plan.metadataKey, 'lowest_id'),
    client.ask('HGET', plan.metadataKey, 'generations'),
  ])
  const stands = countIn(current)
  if (Number.isNaN(stands)) throw notACounter(plan)
  const lowest = noted === null ? undefined : Number(noted)
  const least = Math.max(stands, countIn(classic) || 0, (lowest ?? 1) - 1)
  if (least > stands) await client.ask('INCRBY', plan.counterKey, least - stands)
  const known = readGenerations(notedGenerations as string | null)
  const generations =
    plan.idKeys !== undefined ? withGeneration(known, plan.stream.generation, least + 1) : known
  // Before the first record: were it missing afterwards, a second attempt would take the first one's records for old.
  if (generations.length !== known.length || generations.at(-1) !== known.at(-1))
    await client.ask('HSET', plan.metadataKey, 'generations', writeGenerations(generations))
  const isNew = least === 0 && plan.idKeys !== undefined
  return {
    plan,
    startedAt: least,
    generations,
    lowest: isNew ? 1 : lowest,
    noted: isNew ? client.ask('HSET', plan.metadataKey, 'lowest_id', 1).catch(errorOf) : undefined,
    given: least,
    waiting: 0,
    turn: Promise.resolve(),
  }
}

function errorOf(error: unknown): unknown {
  return error
}

function refuseForeignKey(error: unknown, { counterKey, name }: StreamPlan): never {
  if (error instanceof ConfigError)
    throw new ConfigError(
      `The key ${counterKey}, where stream ${name} counts its records, cannot be read. ${error.message}`,
    )
  throw error
}

function notACounter({ counterKey, name }: StreamPlan): ConfigError {
  return new ConfigError(
    `The key ${counterKey}, where stream ${name} counts its records, holds something else than a number. ` +
      'Remove or rename it, or set a key_prefix.',
  )
}

function countIn(reply: Reply): number {
  if (reply === null) return 0
  return /^\d+$/.test(String(reply)) ? Number(reply) : Number.NaN
}

function withoutForeign({ first, last }: IdRange, foreign: readonly number[]): IdRange[] {
  const ranges: IdRange[] = []
  let from = first
  for (const id of foreign) {
    if (id < from || id > last) continue
    if (id > from) ranges.push({ first: from, last: id - 1 })
    from = id + 1
  }
  if (from <= last) ranges.push({ first: from, last })
  return ranges
}

function cameBackOlder(stream: string): TransientError {
  return new TransientError(
    `The counter of stream ${stream} is lower than ids already given out: Redis came back with older data, and ` +
      'acknowledged records may be gone. Run a full refresh; with appendfsync always this does not happen.',
  )
}
