// Random batches of few rows, under way together, over a server that refuses some records. What is counted as older must be
// older than the row that is there, and the index must say what is there.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { ConfigError, problem } from '../../errors.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { randomFrom } from '../../random.support.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { batchOf, commandsIn, recordsOf } from '../batches/batches.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { RowTracker } from '../dedup/row-tracker.ts'
import { indexedSessionOf } from '../dedup/row-trackers.support.ts'
import { readVersion } from '../rows/row-version.ts'
import { FINE, playedClient, type Sent } from '../streams/played-client.support.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { batchPreparation } from './batch-preparation.ts'
import { DeadLetters } from './dead-letters.ts'
import { deliverBy } from './deliver.ts'
import type { RecordOutcome } from './outcomes.ts'

type Random = (limit: number) => number

interface Given {
  id: number
  v: number
  /** Its number among all records of the case. */
  n: number
  kept: 'yes'
  /** Tells whether the server refuses the record. */
  isBad?: true
  isDeletion?: true
}

const OPTIONS = {
  cache_type: 'string',
  data_format: 'json',
  key_template: '${id}',
  on_record_error: 'dead_letter',
}

/** With a filter, the row before a batch decides which of its records counts. */
const PLANS = [{}, { record_filter: { field: 'kept', equals: 'yes' } }].map((more) =>
  planWith(
    { ...OPTIONS, ...more },
    { mode: 'append_dedup', primaryKey: [['id']], cursor: { path: 'v', isNumeric: true } },
  ),
)

it('a record counts as older only if its row holds a newer one, whatever Redis refuses', async () => {
  for (let seed = 0; seed < caseCount(100, 5_000); seed++) {
    const random = randomFrom(seed)
    const batches = batchesFrom(random)
    const { rows, index, outcomes } = await run(PLANS[seed % 2]!, batches, random)
    expect(new Set(outcomes.map(({ record }) => record)).size, `seed ${seed}`).toBe(outcomes.length)
    const kinds = new Map(outcomes.map(({ record, kind }) => [record, kind]))
    for (const id of [0, 1]) {
      const given = batches.flat().filter((one) => one.id === id)
      const wrote = given.filter((one) => !kinds.has(one.n) || kinds.get(one.n) === 'deleted')
      const older = given.filter((one) => kinds.get(one.n) === 'deduplicated')
      const row = rows.get(String(id))
      const stored = row === undefined ? undefined : (JSON.parse(row) as Given)
      const entry = index.get(String(id))
      const version = entry === undefined ? undefined : readVersion(entry)
      const told = `seed ${seed}, row ${id}: ${JSON.stringify({ batches, kinds: [...kinds], row, entry })}`
      // What is tried again may be counted behind what it is older than.
      expect(version && Number(version.cursor), told).toBe(highest(wrote)?.v)
      if (version?.isDeleted === true) expect(stored, told).toBeUndefined()
      else expect(stored?.v, told).toBe(highest(wrote)?.v)
      for (const one of older) expect(one.v, told).toBeLessThanOrEqual(Number(version?.cursor))
      for (const one of given)
        if (one.isBad) expect(['rejected', 'deduplicated'], told).toContain(kinds.get(one.n))
      if (given.filter(({ isBad }) => isBad).length > 1) continue
      for (const one of given) if (!one.isBad) expect(kinds.get(one.n), told).not.toBe('rejected')
      const newest = highest(given.filter(({ isBad }) => !isBad))
      expect(stored?.n, told).toBe(newest?.isDeletion ? undefined : newest?.n)
    }
  }
})

/** Returns the record with the highest version, the last one of several. */
function highest(given: readonly Given[]): Given | undefined {
  return given.toSorted((one, other) => one.v - other.v || one.n - other.n).at(-1)
}

function batchesFrom(random: Random): Given[][] {
  let n = 0
  const versions = 1 + random(6)
  const often = 1 + random(6)
  return Array.from({ length: 1 + random(5) }, () =>
    Array.from({ length: 1 + random(4) }, () => {
      const one: Given = { id: random(2), v: random(versions), n: n++, kept: 'yes' }
      if (random(often) === 0) return { ...one, isBad: true as const }
      return random(5) === 0 ? { ...one, isDeletion: true as const } : one
    }),
  )
}

/** Delivers batches, while replies come late. Returns what the server has then, and what became of the records. */
async function run(plan: StreamPlan, batches: readonly Given[][], random: Random) {
  const rows = new Map<string, string>()
  const index = new Map<string, string>()
  const { client, sent } = playedClient((command) => (rows.has(command.split(' ')[1]!) ? 'string' : 'none'))
  const pool = new BufferPool(1 << 20, 1)
  const session = indexedSessionOf(plan, {}, new KeyIndex(client, plan, []))
  const trackers = new Map([[session, new RowTracker(session, session.index, pool)]])
  const prepare = batchPreparation({ reserve: async () => [] }, trackers)
  const deadLetters = new DeadLetters({ client, key: 'letters', maxLength: 10 })
  const deliver = deliverBy({ client, buffers: pool, tables: pool, deadLetters, log: () => {} })

  let done = 0
  const replies: (() => void)[] = []
  /** The server runs what is sent at once and in order, and each reply comes some time later. */
  const serve = () => {
    for (; done < sent.length; done++) {
      const [request, result] = [sent[done]!, answer(sent[done]!, rows, index)]
      if (request.kind === 'read' && random(2) === 0) request.resolve(result)
      else replies.push(() => request.resolve(result))
    }
  }
  const pass = async (most: number) => {
    await turn()
    serve()
    for (let count = random(most + 1); count > 0 && replies.length > 0; count--)
      replies.splice(random(replies.length), 1)[0]!()
    await turn()
  }
  const reader = new MessageReader()
  const delivered: Promise<RecordOutcome[]>[] = []
  let handedOver: Promise<unknown> = Promise.resolve()
  for (const given of batches) {
    const batch = batchOf([session], recordsOf(session, given.map(dataOf)), reader)
    // One more that cannot be written, which is never tried again.
    if (random(4) === 0) batch.addLongRecord(session, 1, 99)
    const prepared = prepare(batch)
    const { promise, resolve, reject } = Promise.withResolvers<RecordOutcome[]>()
    delivered.push(promise)
    handedOver = handedOver.then(async () => {
      // As the queue does, which does not wait for what is delivered.
      const ready = await prepared
      deliver(batch, ready).then(
        (outcomes) => resolve(outcomes.map((one) => ({ ...one, record: numberOf(one, given) }))),
        reject,
      )
    })
    await pass(2)
  }
  const over = { is: false }
  const all = Promise.all(delivered).finally(() => (over.is = true))
  while (!over.is) await pass(3)
  return { rows, index, outcomes: (await all).flat() }
}

function dataOf({ isDeletion, ...columns }: Given): string {
  return JSON.stringify({ ...columns, _ab_cdc_deleted_at: isDeletion && 'x' })
}

/** Returns the number of a record among all; the long one behind a batch has one below 0. */
function numberOf({ record }: RecordOutcome, given: readonly Given[]): number {
  return given[record]?.n ?? -1 - given.at(-1)!.n
}

function answer({ bytes }: Sent, rows: Map<string, string>, index: Map<string, string>): WriteResult {
  const result: WriteResult = { ...FINE, rejections: [], read: [] }
  for (const [at, [name, key, ...args]] of commandsIn(bytes).entries()) {
    if (name === 'HMGET') result.read.push(args.map((location) => index.get(location) ?? null))
    if (name === 'UNLINK') rows.delete(key!)
    if (name === 'SET' && args[0]!.includes('isBad'))
      result.rejections.push({ index: at, error: new ConfigError(problem('test', 'It is bad.')) })
    else if (name === 'SET') rows.set(key!, args[0]!)
    if (!key!.startsWith('_airbyte:index:')) continue
    if (name === 'HDEL') index.delete(args[0]!)
    if (name === 'HSET' || name === 'HMSET')
      for (let word = 0; word < args.length; word += 2) index.set(args[word]!, args[word + 1]!)
  }
  return result
}
