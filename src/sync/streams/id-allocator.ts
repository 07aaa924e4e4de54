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

type CounterClient = Pick<RedisClient, 'ask' | 'requireIntact'>

export class IdAllocator {
  readonly #client: CounterClient
  /** By stream index; undefined where the records of a stream have no ids. */
  readonly #counters: readonly (Counter | undefined)[]

  constructor(client: CounterClient, streams: readonly StreamSession[]) {
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
      if (block.first <= counter.last) {
        // Without a lost connection: if the server has lost data, its markers say so, and name the cause.
        await this.#client.requireIntact()
        throw counterWentBack(plan)
      }
      counter.last = last
      for (const range of withoutSkipped(block, counter.skippedIds)) {
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
      used.map(async ({ key, last }) => {
        const value = Number(await ask('GET', key))
        if (value < last) await ask('INCRBY', key, last - value)
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
