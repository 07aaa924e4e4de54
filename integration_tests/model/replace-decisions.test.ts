// What a run does with what the last run of its stream wrote: a row for each combination of the numbers in the
// catalog. docs/guarantees.md has the same table.
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../src/case-count.support.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { shareRedis } from '../support/share-redis.ts'
import type { RunPlan } from './case.ts'
import { runPlan } from './driver.ts'
import { example, row } from './example-case.ts'
import type { Mode, ModelStream, Options } from './options.ts'
import { isBuilt } from './rules.ts'
import { describe as describeKeys, readKeyspace, separate } from './snapshot.ts'

let redis: RedisServer
let client: Redis

shareRedis((shared) => ({ redis, client } = shared))

type Outcome = 'keeps' | 'replaces' | 'refuses'

const MODES = ['append', 'append_dedup', 'overwrite', 'update', 'soft_delete'] as const
const MINIMUMS = ['0', 'between', 'equal'] as const
const GENERATIONS = ['lower', 'equal', 'higher'] as const
const SYNC_IDS = ['equal', 'other', 'null'] as const
const ENDS = ['good', 'bad', 'none'] as const

interface Cell {
  mode: Mode
  minimum: (typeof MINIMUMS)[number]
  generation: (typeof GENERATIONS)[number]
  syncId: (typeof SYNC_IDS)[number]
  lastEnd: (typeof ENDS)[number]
}

/** The first line that fits decides; `*` fits everything. `minimum`, `generation` and `sync id` are those of the run. */
const TABLE = `
  mode          minimum  generation  sync id  last end  outcome
  update        0        *           *        *         keeps
  soft_delete   0        *           *        *         keeps
  update        *        *           *        *         refuses
  soft_delete   *        *           *        *         refuses
  append        0        *           *        *         keeps
  append_dedup  0        *           *        *         keeps
  *             between  higher      *        *         keeps
  overwrite     *        equal       equal    good      replaces
  overwrite     *        equal       null     good      replaces
  *             *        equal       equal    *         keeps
  *             *        equal       null     *         keeps
  *             *        *           *        *         replaces
`

const LINES = TABLE.trim()
  .split('\n')
  .slice(1)
  .map((line) => line.trim().split(/ +/))

function outcomeOf({ mode, minimum, generation, syncId, lastEnd }: Cell): Outcome {
  const cell = [mode, minimum, generation, syncId, lastEnd]
  const line = LINES.find((words) => cell.every((word, at) => words[at] === '*' || words[at] === word))
  return line?.at(-1) as Outcome
}

const CELLS: Cell[] = MODES.flatMap((mode) =>
  MINIMUMS.flatMap((minimum) =>
    GENERATIONS.flatMap((generation) =>
      SYNC_IDS.flatMap((syncId) =>
        ENDS.map((lastEnd): Cell => ({ mode, minimum, generation, syncId, lastEnd })),
      ),
    ),
  ),
)

/** The cells that the connector does not follow yet. */
function isCellBuilt({ mode, minimum, generation, syncId, lastEnd }: Cell, layout: string): boolean {
  const isReplace = mode === 'overwrite' || (mode !== 'update' && mode !== 'soft_delete' && minimum !== '0')
  if (!isReplace || lastEnd === 'none') return true
  if (generation === 'lower') return isBuilt('replace.generation-lower')
  if (generation === 'equal' && syncId === 'other') return isBuilt('replace.other-sync')
  if (generation === 'equal' && mode === 'overwrite' && lastEnd === 'good')
    return isBuilt('replace.overwrite-again')
  if (minimum === 'between' && generation === 'higher')
    return isBuilt('replace.kept-collections') || !COLLECTIONS.has(layout)
  return true
}

const ROW = '${_airbyte_primary_key}'
const LAYOUTS: Record<string, Options> = {
  'classic hash': {},
  'hash by id': { key_template: 'h:${_airbyte_ab_id}' },
  'hash by primary key': { key_template: `r:${ROW}` },
  'flat hash': { data_format: 'flat' },
  'merged hash': { data_format: 'flat', on_update: 'merge' },
  'JSON string': { cache_type: 'string', data_format: 'json' },
  'shared hash': { hash_field: ROW },
  list: { cache_type: 'list', data_format: 'json' },
  'list of airbyte records': { cache_type: 'list' },
  set: { cache_type: 'set', data_format: 'json' },
  'set of members': { cache_type: 'set', member: ROW },
  'sorted set': { cache_type: 'sorted_set', data_format: 'json' },
  'sorted set of members': { cache_type: 'sorted_set', member: ROW },
  'Redis stream': { cache_type: 'stream', data_format: 'flat' },
}
const COLLECTIONS = new Set([
  'shared hash',
  'list',
  'list of airbyte records',
  'set',
  'set of members',
  'sorted set',
  'sorted set of members',
  'Redis stream',
])
const ALL = Object.keys(LAYOUTS)
const BY_ROW = ['hash by primary key', 'flat hash', 'JSON string', 'shared hash']
const LAYOUTS_OF: Record<Mode, string[]> = {
  append: ALL,
  overwrite: ALL,
  append_dedup: ['classic hash', ...BY_ROW, 'set of members', 'sorted set of members'],
  update: BY_ROW,
  soft_delete: BY_ROW,
}

/** Each cell in one layout, which differs from cell to cell, or in all of them. */
const SHARE = caseCount(1, ALL.length)
const TESTS = CELLS.flatMap((cell, at) => {
  const layouts = LAYOUTS_OF[cell.mode]
  return Array.from({ length: Math.min(SHARE, layouts.length) }, (_, offset) => {
    const layout = layouts[(at + offset) % layouts.length]!
    return { cell, layout, outcome: outcomeOf(cell) }
  })
})

describe.each(MODES)('%s', (mode) => {
  for (const { cell, layout, outcome } of TESTS.filter((test) => test.cell.mode === mode)) {
    const { minimum, generation, syncId, lastEnd } = cell
    const numbers = `minimum ${minimum}, generation ${generation}, sync id ${syncId}, last end ${lastEnd}`
    it.skipIf(!isCellBuilt(cell, layout))(`${outcome} with ${numbers} (${layout})`, () =>
      expectOutcome(cell, layout, outcome),
    )
  }
})

const GENERATION = 5
const SYNC_ID = 10

async function expectOutcome(cell: Cell, layout: string, outcome: Outcome): Promise<void> {
  await client.flushall()
  const options = LAYOUTS[layout]!
  const isUpdate = cell.mode === 'update' || cell.mode === 'soft_delete'
  const [before, after] = [{ generation: GENERATION, syncId: SYNC_ID }, numbersOf(cell)]
  const rows = isUpdate ? ['former', 'former'] : ['former', 'latter']
  if (cell.lastEnd !== 'none') {
    // An update needs a row that exists.
    const mode = isUpdate ? 'append' : cell.mode
    const status = cell.lastEnd === 'good' ? 'COMPLETE' : 'INCOMPLETE'
    const minimum = isUpdate ? 0 : minimumOf(cell, GENERATION)
    await runOnce(options, { mode, ...before, minimum }, rows[0]!, status)
  }
  const result = await runOnce(
    options,
    { mode: cell.mode, ...after, minimum: minimumOf(cell, after.generation) },
    rows[1]!,
  )
  const { records } = separate(await readKeyspace([client]), ['n:s'])
  const found = describeKeys(records, { prefixes: [], named: new Set() }).join('\n')
  expect(result.error?.code).toBe(outcome === 'refuses' ? 'update-of-replaced-stream' : undefined)
  expect({ former: found.includes('former'), latter: found.includes('latter') }).toEqual({
    former: cell.lastEnd !== 'none' && outcome !== 'replaces',
    latter: !isUpdate,
  })
}

function numbersOf({ generation, syncId }: Cell): Partial<ModelStream> & { generation: number } {
  const steps = { lower: -1, equal: 0, higher: 1 }
  const ids = { equal: { syncId: SYNC_ID }, other: { syncId: SYNC_ID + 1 }, null: {} }
  return { generation: GENERATION + steps[generation], ...ids[syncId] }
}

function minimumOf({ minimum }: Cell, generation: number): number {
  return { 0: 0, between: generation - 1, equal: generation }[minimum]
}

function runOnce(
  options: Options,
  stream: Partial<ModelStream>,
  id: string,
  status: 'COMPLETE' | 'INCOMPLETE' = 'COMPLETE',
) {
  const { host, port } = redis
  const [plan] = example([{ options, stream, input: [row({ id, c: 1 }), 1], status }]).runs as [RunPlan]
  return runPlan(plan, { connection: { host, port }, nodes: [client] })
}
