/**
 * Gives out `_airbyte_ab_id`s: one INCRBY a batch and stream on the counter of the stream. They rise in the order of
 * arrival and are unique; a lost reply leaves a gap.
 */
import { ConfigError, problem, SystemError, TransientError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import { clearCommand, patternOf } from './clear-command.ts'
import { IDS_AHEAD } from './id-counter.ts'
import { typesOf } from './redis-types.ts'
import { writeMetadata } from './stream-metadata.ts'
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
  /** The highest id that the metadata allow for. */
  limit: number
  /** Whether the keys of the next ids may be there already. */
  checksKeys: boolean
  /** Reservations that are made one after the other, and the promise of the last one. */
  waiting: number
  turn: Promise<unknown>
}

type CounterClient = Pick<RedisClient, 'ask' | 'send' | 'requireIntact'>

export class IdAllocator {
  readonly #client: CounterClient
  /** By stream index; undefined where the records of a stream have no ids. */
  readonly #counters: readonly (Counter | undefined)[]

  constructor(client: CounterClient, streams: readonly StreamSession[]) {
    this.#client = client
    this.#counters = streams.map(({ plan, layout, counterKey, lastId, skippedIds, checksFirstIds }) =>
      layout.usesIds
        ? {
            plan,
            key: counterKey,
            startedAt: lastId,
            skippedIds,
            last: lastId,
            limit: lastId + IDS_AHEAD,
            checksKeys: checksFirstIds,
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
    if (counter.last > counter.limit) await this.#raiseLimit(counter)
    if (counter.checksKeys) await this.#requireNoKeys(counter, ranges)
    return ranges
  }

  /** Before the ids are used, so that none is given out again if the counter is evicted and this run does not end well. */
  async #raiseLimit(counter: Counter): Promise<void> {
    counter.limit = counter.last + IDS_AHEAD
    await writeMetadata(this.#client, counter.plan, { id_limit: counter.limit })
  }

  async #requireNoKeys(counter: Counter, ranges: readonly IdRange[]): Promise<void> {
    const { plan, key, startedAt, last } = counter
    counter.checksKeys = false
    const { lead, tail } = plan.idKeys!
    const keys = ranges.flatMap(({ first, last: end }) =>
      Array.from({ length: end - first + 1 }, (_, at) => lead + (first + at) + tail),
    )
    const types = await typesOf(this.#client, keys)
    const taken = keys.find((_, at) => types[at] !== 'none')
    if (taken === undefined) return
    // The next run must find the same keys.
    await this.#client.ask('INCRBY', key, startedAt - last)
    throw idsTaken(plan, taken)
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

function idsTaken(plan: StreamPlan, key: string): ConfigError {
  const { name, keyTemplate } = plan
  return new ConfigError(
    problem(
      'ids-taken',
      `Stream ${name} would write the key ${key}, which is there already, and nothing says that the connector wrote it: ` +
        'its metadata were removed, or another application uses such keys. Set another key_template or key_prefix; or, if ' +
        `these keys are not needed, remove them: ${clearCommand(plan, patternOf(keyTemplate, plan))}`,
      { options: ['key_template', 'key_prefix'], params: { stream: name, key } },
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
