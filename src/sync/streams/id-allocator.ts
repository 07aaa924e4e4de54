/**
 * Gives out `_airbyte_ab_id`s: one INCRBY a batch and stream on the counter of the stream. They rise in the order of
 * arrival and are unique; a lost reply leaves a gap.
 */
import { problem, SystemError, TransientError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import type { StreamPlan } from './stream-plan.ts'
import type { IdRange, StreamSession } from './stream-session.ts'

interface Counter {
  readonly plan: StreamPlan
  readonly key: string
  /** The value at the beginning of the run: ids up to here are from earlier runs. */
  readonly startedAt: number
  /** Ids that are left out, in ascending order. */
  readonly skippedIds: readonly number[]
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

  constructor(client: RedisClient, streams: readonly StreamSession[]) {
    this.#client = client
    this.#counters = streams.map(({ plan, layout, counterKey, lastId, skippedIds }) =>
      layout.usesIds
        ? {
            plan,
            key: counterKey,
            startedAt: lastId,
            skippedIds,
            last: lastId,
            waiting: 0,
            turn: Promise.resolve(),
          }
        : undefined,
    )
  }

  /** Returns the highest id given out. */
  last({ index }: StreamPlan): number {
    return this.#counters[index]!.last
  }

  /** Returns `count` ids as ascending ranges. Batches must ask in the order of their records. */
  reserve({ index }: StreamPlan, count: number): Promise<IdRange[]> {
    const counter = this.#counters[index]!
    // Where skipped ids are ahead, a block may yield too few ids, and then the next batch must not have its block yet.
    const mayFallShort = counter.last < (counter.skippedIds.at(-1) ?? 0)
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
      const last = Number(await this.#client.ask('INCRBY', counter.key, missing))
      if (!Number.isSafeInteger(last)) throw counterTooLarge(plan)
      const block: IdRange = { first: last - missing + 1, last }
      if (block.first <= counter.last) throw cameBackOlder(plan)
      counter.last = last
      for (const range of withoutSkipped(block, counter.skippedIds)) {
        ranges.push(range)
        missing -= range.last - range.first + 1
      }
    }
    return ranges
  }

  /** Throws if the server has lost ids that were given out, perhaps without a connection breaking. */
  async requireIntact(): Promise<void> {
    const loss = await this.findLoss((command, ...args) => this.#client.ask(command, ...args))
    if (loss !== undefined) throw loss
  }

  /** Raises counters that a server has brought back lower. */
  async lift(ask: Ask): Promise<void> {
    const lifted = this.#used.map(async ({ key, last }) => {
      const value = Number(await ask('GET', key))
      if (value < last) await ask('INCRBY', key, last - value)
    })
    await Promise.all(lifted)
  }

  /** Returns an error where a counter is below an id that was given out: the server has lost acknowledged records. */
  async findLoss(ask: Ask): Promise<Error | undefined> {
    const used = this.#used
    const values = await Promise.all(used.map(({ key }) => ask('GET', key)))
    const older = used.find(({ last }, index) => Number(values[index]) < last)
    return older && cameBackOlder(older.plan)
  }

  get #used(): Counter[] {
    return this.#counters.filter(
      (counter): counter is Counter => counter !== undefined && counter.last > counter.startedAt,
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

function withoutSkipped({ first, last }: IdRange, skipped: readonly number[]): IdRange[] {
  const ranges: IdRange[] = []
  let from = first
  for (const id of skipped) {
    if (id < from || id > last) continue
    if (id > from) ranges.push({ first: from, last: id - 1 })
    from = id + 1
  }
  if (from <= last) ranges.push({ first: from, last })
  return ranges
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

function cameBackOlder({ name, counterKey }: StreamPlan): TransientError {
  return new TransientError(
    problem(
      'counter-went-back',
      `The counter of stream ${name} is lower than ids already given out: Redis came back with older data, and ` +
        'acknowledged records may be gone. Run a full refresh; set durability so that this does not happen.',
      { options: ['durability'], params: { stream: name, key: counterKey } },
    ),
  )
}
