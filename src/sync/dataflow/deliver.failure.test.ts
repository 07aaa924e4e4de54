// A record that ends the run, while other batches are under way whose index entries follow rows that Redis refuses as well.
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { batchOf, commandsIn, recordsOf } from '../batches/batches.support.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { RowTracker } from '../dedup/row-tracker.ts'
import { indexedSessionOf } from '../dedup/row-trackers.support.ts'
import { FINE, playedClient, type Sent } from '../streams/played-client.support.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { batchPreparation } from './batch-preparation.ts'
import { deliverBy } from './deliver.ts'

const PLAN = planWith(
  { cache_type: 'string', data_format: 'json', key_template: 'k:${id}' },
  { mode: 'append_dedup', primaryKey: [['id']] },
)
const REFUSED: WriteResult = {
  ...FINE,
  rejections: [{ index: 0, error: new ConfigError(problem('test', 'It is bad.')) }],
}

it('ends the run when all that is under way is answered, and no entry names a row that was refused', async () => {
  const { deliver, sent } = opened()
  const ends: string[] = []
  const watch = async (id: number) => {
    await deliver(id).catch((error: unknown) => ends.push(String(error)))
  }
  const all = [watch(1), watch(2)]
  await turn()
  const [first, second] = sent.filter(({ bytes }) => nameIn(bytes) === 'SET') as [Sent, Sent]
  sent.filter((one) => one !== first && one !== second).forEach((one) => one.resolve(FINE))
  first.resolve(REFUSED)
  await turn()
  expect(await restored(sent)).toEqual(['k:1'])
  all.push(watch(3))
  await turn()
  expect(ends).toEqual([])
  second.resolve(REFUSED)
  await turn()
  expect(await restored(sent)).toEqual(['k:2'])
  await Promise.all(all)
  expect(ends).toHaveLength(3)
  expect(new Set(ends.map((error) => /Line \d/.exec(error)?.[0]))).toEqual(new Set(['Line 1']))
  expect(sent.filter(({ bytes }) => nameIn(bytes) === 'SET')).toHaveLength(2)
})

/** Answers the newest request, and returns the locations whose entries it removes. */
async function restored(sent: Sent[]): Promise<(string | undefined)[]> {
  const newest = sent.at(-1)!
  newest.resolve(FINE)
  await turn()
  return commandsIn(newest.bytes).map(([name, , location]) => (name === 'HDEL' ? location : name))
}

function nameIn(bytes: Buffer): string | undefined {
  return commandsIn(bytes)[0]?.[0]
}

function opened() {
  const { client, sent } = playedClient()
  const session = indexedSessionOf(PLAN, {}, new KeyIndex(client, PLAN, []))
  const trackers = new Map([[session, new RowTracker(session)]])
  const prepare = batchPreparation({ reserve: async () => [] }, trackers)
  const pool = new BufferPool(1 << 20)
  const deliverBatch = deliverBy({
    client,
    buffers: pool,
    tables: pool,
    deadLetters: undefined,
    log: () => {},
  })
  const deliver = async (id: number) => {
    const batch = batchOf([session], recordsOf(session, [`{"id":${id}}`]))
    const prepared = prepare(batch)
    sent.at(-1)!.resolve({ ...FINE, read: [[null]] })
    return deliverBatch(batch, await prepared)
  }
  return { deliver, sent }
}
