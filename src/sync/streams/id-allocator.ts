/**
 * Gives out `_airbyte_ab_id`s: one INCRBY a batch and stream on the counter of the stream. They rise in the order of
 * arrival and are unique; a lost reply leaves a gap.
 */
import { ConfigError, messageOf, problem, SystemError, TransientError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import type { Reply } from '../../redis/resp/reply.ts'
import { keptFrom, withGeneration, writeGenerations, type Generation } from './generations.ts'
import { writeMetadata } from './stream-metadata.ts'
import type { StreamPlan } from './stream-plan.ts'
import type { IdRange, StreamSession } from './stream-session.ts'

interface Counter {
  readonly plan: StreamPlan
  /** The value at the beginning of the run: ids up to here are from earlier runs. */
  readonly startedAt: number
  /** The first id of each generation, that of this run included. */
  readonly generations: readonly Generation[]
  /** The lowest id of earlier runs that may have a key, if it was recorded. */
  readonly lowest: number | undefined
  /** The highest id given out, by earlier runs or this one. */
  last: number
  /** Reservations that are made one after the other, and the promise of the last one. */
  waiting: number
  turn: Promise<unknown>
}

export class IdAllocator {
  readonly #client: RedisClient
  /** By stream index; undefined where the records of a stream have no ids. */
  readonly #counters: readonly (Counter | undefined)[]

  /** Reads the counters, and raises those that are below ids which were given out already. */
  static async open(client: RedisClient, streams: readonly StreamSession[]): Promise<IdAllocator> {
    const counters = streams.map(async (stream) =>
      stream.layout.usesIds ? openCounter(client, stream) : undefined,
    )
    return new IdAllocator(client, await Promise.all(counters))
  }

  private constructor(client: RedisClient, counters: readonly (Counter | undefined)[]) {
    this.#client = client
    this.#counters = counters
  }

  /** Returns the ids of generations that are replaced, and whether their lowest one was recorded. */
  replaced({ index, stream }: StreamPlan): IdRange & { isRecorded: boolean } {
    const { lowest, startedAt, generations } = this.#counters[index]!
    return {
      first: lowest ?? 1,
      last: keptFrom(stream, generations, startedAt + 1) - 1,
      isRecorded: lowest !== undefined,
    }
  }

  /** Returns the highest id given out. */
  last({ index }: StreamPlan): number {
    return this.#counters[index]!.last
  }

  /** Returns `count` ids as ascending ranges. Batches must ask in the order of their records. */
  reserve({ index, foreignIds }: StreamPlan, count: number): Promise<IdRange[]> {
    const counter = this.#counters[index]!
    // Where foreign ids are ahead, a block may yield too few ids, and then the next batch must not have its block yet.
    const mayFallShort = counter.last < (foreignIds.at(-1) ?? 0)
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
      if (!Number.isSafeInteger(last)) throw counterTooLarge(plan)
      const block: IdRange = { first: last - missing + 1, last }
      if (block.first <= counter.last) {
        // Without a lost connection: if the server has lost data, its markers say so, and name the cause.
        await this.#client.requireIntact()
        throw counterWentBack(plan)
      }
      counter.last = last
      for (const range of withoutForeign(block, plan.foreignIds)) {
        ranges.push(range)
        missing -= range.last - range.first + 1
      }
    }
    return ranges
  }

  /** Raises counters that a server has brought back lower, so that ids stay unique. */
  async lift(ask: Ask): Promise<void> {
    const used = this.#counters.filter(
      (counter): counter is Counter => counter !== undefined && counter.last > counter.startedAt,
    )
    await Promise.all(
      used.map(async ({ plan, last }) => {
        const value = Number(await ask('GET', plan.counterKey))
        if (value < last) await ask('INCRBY', plan.counterKey, last - value)
      }),
    )
  }
}

/** Returns the ids of ascending ranges one by one. */
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

async function openCounter(client: RedisClient, { plan, ids, tracking }: StreamSession): Promise<Counter> {
  const [current, classic] = await Promise.all([
    client.ask('GET', plan.counterKey).catch((error: unknown) => refuseForeignKey(error, plan)),
    // The classic connector counted in a second key while it loaded; its ids can be the higher ones.
    client.ask('GET', `tmp:${plan.counterKey}`).catch(() => null),
  ])
  const value = countIn(current)
  if (Number.isNaN(value)) throw notACounter(plan)
  const startedAt = Math.max(value, countIn(classic) || 0, (ids.lowest ?? 1) - 1)
  if (startedAt > value) await client.ask('INCRBY', plan.counterKey, startedAt - value)
  const isRange = tracking.kind === 'id-range'
  const generations = isRange
    ? withGeneration(ids.generations, plan.stream.generation, startedAt + 1)
    : ids.generations
  const isNew = startedAt === 0 && isRange
  const isChanged = writeGenerations(generations) !== writeGenerations(ids.generations)
  // Before the first record: a second run would otherwise take the records of this one for older ones.
  await writeMetadata(client, plan, {
    ...(isChanged ? { id_generations: writeGenerations(generations) } : {}),
    ...(isNew && ids.lowest === undefined ? { lowest_id: 1 } : {}),
  })
  return {
    plan,
    startedAt,
    generations,
    lowest: isNew ? 1 : ids.lowest,
    last: startedAt,
    waiting: 0,
    turn: Promise.resolve(),
  }
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

function refuseForeignKey(error: unknown, { counterKey, name }: StreamPlan): never {
  if (!(error instanceof ConfigError)) throw error
  throw new ConfigError(
    problem(
      'counter-unreadable',
      `The key ${counterKey}, which counts the records of stream ${name}, cannot be read. ${messageOf(error)}`,
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
    { cause: error },
  )
}

function notACounter({ counterKey, name }: StreamPlan): ConfigError {
  return new ConfigError(
    problem(
      'counter-not-a-number',
      `The key ${counterKey}, which counts the records of stream ${name}, does not hold a number. Remove or rename it, ` +
        'or set a key_prefix.',
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
  )
}

function counterTooLarge({ counterKey, name }: StreamPlan): SystemError {
  return new SystemError(
    problem(
      'counter-too-large',
      `The counter of stream ${name} (${counterKey}) exceeds ${Number.MAX_SAFE_INTEGER}, the largest id.`,
      { params: { stream: name, key: counterKey } },
    ),
  )
}

function counterWentBack({ name, counterKey }: StreamPlan): TransientError {
  return new TransientError(
    problem(
      'counter-went-back',
      `The counter of stream ${name} (${counterKey}) is lower than ids already given out: another program has changed ` +
        'it. Make sure that only the connector writes it, and sync again.',
      { params: { stream: name, key: counterKey } },
    ),
  )
}
