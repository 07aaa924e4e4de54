// A run takes back, in every slot of a cluster, the records that a failed run wrote behind its last acknowledged state.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RedisCluster } from './support/cluster.ts'
import { columnsOf, clusterLayouts, wrongIn } from './support/cluster-rows.ts'
import { record, status, streamState, type CatalogStream } from './support/messages.ts'
import { skipWhatIsLacking } from './support/redis-version.ts'
import { write } from './support/write.ts'

beforeEach(skipWhatIsLacking)

let cluster: RedisCluster

beforeAll(async () => {
  cluster = await RedisCluster.start({ masters: 3 })
})
afterAll(() => cluster.stop())
beforeEach(() => cluster.onMasters((client) => client.flushall()))

const LAYOUTS = clusterLayouts
  .filter(({ kind }) => kind === 'list' || kind === 'stream')
  .flatMap((layout) => [
    { ...layout, name: `${layout.kind}s by group` },
    { ...layout, name: `one ${layout.kind}`, options: { ...layout.options, key_template: 'rows:one' } },
  ])

const REFRESH: Partial<CatalogStream> = { generation: 2, minimumGeneration: 2, syncId: 7 }

describe.each(LAYOUTS)('$name', (layout) => {
  it.each([
    ['with on_retry roll_back', { on_retry: 'roll_back' }, {}],
    ['in a full refresh', {}, REFRESH],
  ])('has each row once over several attempts, %s', async (_, options, stream) => {
    const its = { ...layout.options, ...options, batch_records: 50 }
    await attempt([[1, 120], 'state', [121, 200]], its, stream, 1)
    await attempt([[121, 170], 'state', [171, 260]], its, stream, 1)
    await attempt([[171, 200]], its, stream, 1)
    await attempt([[171, 300], 'state'], its, stream, 0)
    expect(await wrongIn(cluster, layout, 300)).toBeUndefined()
    const own = await cluster.onMasters((client) => client.keys('_airbyte:attempt:*'))
    expect(own.flat()).toEqual([])
  })
})

/** Sends rows, by their first and last ids, and states to a run that ends with an exit code. */
async function attempt(
  items: readonly (readonly [first: number, last: number] | 'state')[],
  options: object,
  stream: Partial<CatalogStream>,
  code: number,
): Promise<void> {
  const lines = items.map((item) => (item === 'state' ? streamState('s', {}) : rows(...item))).join('')
  const deployment = { mode: 'cluster', nodes: cluster.addresses.slice(0, 1) }
  const its = { host: undefined, port: undefined, deployment, ...options }
  const end = status('s', code === 0 ? 'COMPLETE' : 'INCOMPLETE')
  const run = await write({ host: '', port: 0 }, [{ name: 's', ...stream }], lines + end, its)
  expect(run.code, JSON.stringify(run.errors)).toBe(code)
}

function rows(first: number, last: number): string {
  let lines = ''
  for (let id = first; id <= last; id++) lines += record('s', { id, ...columnsOf(id) })
  return lines
}
