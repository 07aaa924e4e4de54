/**
 * Gives out `_airbyte_ab_id`s: one INCRBY a batch and stream on the counter of the stream. They rise in the order of
 * arrival and are unique; a lost reply leaves a gap.
 */
import { ConfigError, problem, SystemError, TransientError } from '../../errors.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { Ask } from '../../redis/session/node-pool.ts'
import { patternOf } from '../streams/clear-command.ts'
import { takeIds, withoutSkipped } from './id-ranges.ts'
import { typesOf } from '../../redis/client/redis-types.ts'
import { IDS_AHEAD, writeMetadata } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'

interface Counter {
  readonly plan: StreamPlan
  readonly key: string
  /** The value at the beginning of the run: ids up to here are from earlier runs. */
  readonly startedAt: number
  /** Ids that are left out, in ascending order. */
  readonly skippedIds: readonly number[]
  /** The highest id given out, by earlier runs or this one. */
  last: number
  /** The highest id that has been asked for, if no other program changes the counter. */
  asked: number
  /** The highest id that the metadata allow for. */
  limit: number
  /** Whether the keys of the next ids may be there already. */
  checksKeys: boolean
  /** Reservations that are made one after the other, and the promise of the last one. */
  waiting: number
  turn: Promise<unknown>
  /** Ids that the server has given out and no batch has yet, in ascending order. */
  readonly free: IdRange[]
  /** Batches that wait for ids, in the order of their records. */
  readonly batches: WaitingBatch[]
}

interface WaitingBatch {
  readonly count: number
  readonly resolve: (ranges: IdRange[]) => void
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
            asked: lastId,
            limit: lastId + IDS_AHEAD,
            checksKeys: checksFirstIds,
            waiting: 0,
            turn: Promise.resolve(),
            free: [],
            batches: [],
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
    counter.asked += count
    // Where skipped ids are ahead, a block may yield too few ids, and then the next batch must not have its block yet.
    const mayFallShort = counter.last < (counter.skippedIds.at(-1) ?? 0)
    const isChecked = counter.checksKeys || counter.asked > counter.limit
    if (!mayFallShort && !isChecked && counter.waiting === 0) return this.#reserveAtOnce(counter, count)
    counter.waiting++
    const reserved = counter.turn.then(() => this.#reserve(counter, count))
    counter.turn = reserved.catch(() => {}).then(() => counter.waiting--)
    return reserved
  }

  /**
   * Reserves ids while other batches may be waiting for theirs. A server that refuses writes for a moment may count for a
   * later batch first: the lowest ids are for the first batch, whichever batch they were counted for.
   */
  #reserveAtOnce(counter: Counter, count: number): Promise<IdRange[]> {
    const { promise, resolve, reject } = Promise.withResolvers<IdRange[]>()
    counter.batches.push({ count, resolve })
    this.#nextBlock(counter, count).then((block) => {
      counter.free.push(block)
      giveOut(counter)
    }, reject)
    // Batches get their ids in their order, so the last one that waits is the last that gets them.
    counter.turn = promise.catch(() => {})
    return promise
  }

  async #reserve(counter: Counter, count: number): Promise<IdRange[]> {
    const ranges: IdRange[] = []
    for (let missing = count; missing > 0;) {
      const block = await this.#nextBlock(counter, missing)
      for (const range of withoutSkipped(block, counter.skippedIds)) {
        ranges.push(range)
        missing -= range.last - range.first + 1
      }
    }
    counter.asked = Math.max(counter.asked, counter.last)
    if (counter.asked > counter.limit) await this.#raiseLimit(counter)
    if (counter.checksKeys) await this.#requireNoKeys(counter, ranges)
    return ranges
  }

  /** Returns ids that the server has counted just now. */
  async #nextBlock(counter: Counter, count: number): Promise<IdRange> {
    const { plan } = counter
    const last = Number(await this.#client.ask('INCRBY', counter.key, count))
    if (!Number.isSafeInteger(last)) throw counterTooLarge(plan)
    const block: IdRange = { first: last - count + 1, last }
    if (block.first <= counter.last) {
      // Without a lost connection: if the server has lost data, its markers say so, and name the cause.
      await this.#client.requireIntact()
      throw counterWentBack(plan)
    }
    counter.last = last
    return block
  }

  /** Before the ids are used, so that none is given out again if the counter is evicted and this run does not end well. */
  async #raiseLimit(counter: Counter): Promise<void> {
    counter.limit = counter.asked + IDS_AHEAD
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

/** Gives the free ids to the batches that wait, in their order, as far as the ids suffice. */
function giveOut({ free, batches }: Counter): void {
  let available = free.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  for (let batch = batches[0]; batch !== undefined && batch.count <= available; batch = batches[0]) {
    batches.shift()
    available -= batch.count
    batch.resolve(takeIds(free, batch.count))
  }
}

function idsTaken(plan: StreamPlan, key: string): ConfigError {
  const { name, keyTemplate } = plan
  return new ConfigError(
    problem(
      'ids-taken',
      `Stream ${name} would write the key ${key}, which is there already, and nothing says that the connector wrote it: ` +
        'its metadata were removed, or another application uses such keys. Set another key_template or key_prefix, or rename ' +
        `or remove the keys that match ${patternOf(keyTemplate, plan)}.`,
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
