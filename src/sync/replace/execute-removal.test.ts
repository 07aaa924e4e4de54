import { describe, expect, it } from 'vitest'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import type { GenerationManifest, GenerationRows } from '../streams/generation-manifest.ts'
import { answeringClient } from '../streams/played-client.support.ts'
import { layoutOf } from '../streams/stream-layout.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { executeRemoval, type RemovalScope } from './execute-removal.ts'
import type { PendingRemoval } from './pending-removal.ts'

/** The run 5 has replaced the rows of the runs before it. */
const REMOVAL: PendingRemoval = {
  before: 5,
  run: 5,
  lastId: 6,
  isStaged: false,
  ttlSeconds: 0,
  ttlJitterPercent: 0,
  otherCounter: false,
}

const ROW: Partial<SyncStream> = { primaryKey: [['id']] }
const FLAT = { data_format: 'flat', key_template: 'k:${id}' }
const LIST = { cache_type: 'list', data_format: 'json', key_template: 'l:${id}' }
const SET = { cache_type: 'set', member: '${id}' }

const ids = (firstId: number): GenerationRows => ({ kind: 'ids', firstId })
const indexed = (number = 0): GenerationRows => ({ kind: 'index', index: number, isComplete: true })

/** What Redis holds: keys with their types, and the entries of each index by its number. */
interface Held {
  types?: Record<string, string>
  entries?: Record<number, Record<string, string>>
  texts?: Record<string, string>
}

describe('rows by id', () => {
  const manifests = [manifest(1, ids(1)), manifest(5, ids(5))]

  it('are removed up to the first one of the generation that is kept', async () => {
    const { removed, commands } = await remove({}, manifests, {
      types: { 'n:s:1': 'hash', 'n:s:2': 'hash', 'n:s:3': 'string', 'n:s:4': 'hash', 'n:s:5': 'hash' },
    })
    expect(commands('UNLINK')).toEqual(['n:s:1', 'n:s:2', 'n:s:4'])
    expect(removed).toEqual({ rows: 3, classicRows: 0, left: 0 })
  })

  it('are removed up to the last id, if none of them is kept', async () => {
    const { commands } = await remove(FLAT, [manifest(1, ids(4)), manifest(5, indexed(), FLAT)], {
      types: { 'n:s:4': 'hash', 'n:s:6': 'hash', 'n:s:7': 'hash' },
    })
    expect(commands('UNLINK')).toEqual(['n:s:4', 'n:s:6'])
  })

  it('stay where rows of the new layout have taken over their keys', async () => {
    const byKey = { data_format: 'flat', key_template: 'n:s:${id}' }
    const { commands } = await remove(byKey, [manifest(1, ids(1)), manifest(5, indexed(), byKey)], {
      types: { 'n:s:1': 'hash', 'n:s:2': 'hash' },
      entries: { 0: { 'n:s:2': '5' } },
    })
    expect(commands('UNLINK')).toEqual(['n:s:1'])
  })
})

describe('rows in the key index', () => {
  it('are removed with their entries, if no run that is kept has written them again', async () => {
    const { removed, commands } = await remove(
      FLAT,
      [manifest(1, indexed(), FLAT), manifest(5, indexed(), FLAT)],
      {
        types: { 'k:1': 'hash', 'k:2': 'hash' },
        entries: { 0: { 'k:1': '4', 'k:2': '5' } },
      },
    )
    expect([commands('UNLINK'), commands('HDEL')]).toEqual([['k:1'], ['k:1']])
    expect(removed).toEqual({ rows: 1, classicRows: 0, left: 1 })
  })

  it('are those of others, if no run has written a record: the index goes alone', async () => {
    const empty = { ...manifest(5, indexed(), FLAT), hasRecords: false }
    const { removed, commands } = await remove(FLAT, [empty], {
      types: { 'k:1': 'hash' },
      entries: { 0: { 'k:1': '0' } },
    })
    expect(removed.rows).toBe(0)
    expect(commands('UNLINK').every((key) => key.startsWith('_airbyte:index'))).toBe(true)
  })
})

describe('collections', () => {
  const manifests = [manifest(1, indexed(), LIST), manifest(5, indexed(), LIST)]
  const staged = { ...REMOVAL, isStaged: true }

  it('are replaced by their staging keys; those without one are removed', async () => {
    const held = { types: { 'l:1': 'list', 'l:2': 'list' }, entries: { 0: { 'l:1': '5', 'l:2': '3' } } }
    const { removed, asked, commands } = await remove(LIST, manifests, held, staged)
    const swaps = asked.filter((command) => command.startsWith('EVAL'))
    expect(swaps).toEqual([
      expect.stringMatching(/ _airbyte:staging:\S+:l:1 l:1 _airbyte:trash:\S+:l:1 list 0$/),
    ])
    expect(commands('UNLINK').filter((key) => !key.includes('trash'))).toEqual([
      expect.stringMatching(/^_airbyte:staging:.*:l:2$/),
      'l:2',
    ])
    expect(removed).toEqual({ rows: 2, classicRows: 0, left: 1 })
  })

  it('need no second look at the index, if all of them have a staging key', async () => {
    const { removed, asked } = await remove(LIST, manifests, { entries: { 0: { 'l:1': '5' } } }, staged)
    expect(asked.filter((command) => command.startsWith('HSCAN'))).toHaveLength(256)
    expect(removed).toEqual({ rows: 1, classicRows: 0, left: 1 })
  })
})

describe('rows of a former layout', () => {
  const manifests = [
    manifest(1, indexed(), FLAT),
    manifest(5, indexed(1), { ...FLAT, cache_type: 'string', data_format: 'json' }, 'string'),
  ]
  const options = { ...FLAT, cache_type: 'string', data_format: 'json' }

  it('are removed with their index, unless rows of the new one have their keys', async () => {
    const { removed, commands } = await remove(options, manifests, {
      types: { 'k:1': 'hash', 'k:2': 'string' },
      entries: { 0: { 'k:1': '1', 'k:2': '1' }, 1: { 'k:2': '5' } },
    })
    const [rows, indexes] = [commands('UNLINK').slice(0, 1), commands('UNLINK').slice(1)]
    expect(rows).toEqual(['k:1'])
    expect(indexes).toHaveLength(512)
    expect(indexes.every((key) => /^_airbyte:index(_expiry)?:n:s:\d+$/.test(key))).toBe(true)
    expect(removed).toEqual({ rows: 1, classicRows: 0, left: 1 })
  })

  it('are single members, if the new rows share the key', async () => {
    const former = { ...SET, member: undefined, data_format: 'json' }
    const { commands } = await remove(
      SET,
      [manifest(1, indexed(), former, 'set'), manifest(5, indexed(1), SET, 'member of set')],
      {
        types: { 'n:s': 'set' },
        entries: { 0: { 'n:s': '1' }, 1: { '3:n:s7': '5' } },
      },
      REMOVAL,
      { mode: 'append_dedup' },
    )
    expect(commands('SREM')).toEqual(['n:s', 'old'])
    expect(commands('UNLINK')).not.toContain('n:s')
  })
})

describe('the counter', () => {
  const manifests = [manifest(1, ids(1)), manifest(5, indexed(), FLAT)]

  it('of a former layout is removed, if it is one', async () => {
    expect((await remove(FLAT, manifests, { types: { 'n:s': 'string' } })).commands('UNLINK')).toEqual([
      'n:s',
    ])
    expect((await remove(FLAT, manifests, { types: { 'n:s': 'list' } })).commands('UNLINK')).toEqual([])
  })

  it('stays if the run counts there, too', async () => {
    const { commands } = await remove({}, [manifest(1, ids(1)), manifest(5, ids(5))], {
      types: { 'n:s': 'string' },
    })
    expect(commands('UNLINK')).toEqual([])
  })

  it('of a run that found another type there moves to its usual key', async () => {
    const removal = { ...REMOVAL, otherCounter: true }
    const { asked } = await remove(
      {},
      [manifest(1, indexed(), LIST, 'list'), manifest(5, ids(1))],
      {},
      removal,
    )
    expect(asked.slice(-3)).toEqual(['GET n:s', 'INCRBY n:s 6', 'UNLINK n:s:_airbyte_ab_id'])
    const again = await remove({}, [manifest(5, ids(1))], { texts: { 'n:s': '6' } }, removal)
    expect(again.asked.slice(-2)).toEqual(['GET n:s', 'UNLINK n:s:_airbyte_ab_id'])
  })

  it('of the classic connector goes with its rows', async () => {
    const held = { types: { 'n:s:1': 'hash', 'n:s': 'string' }, texts: { 'n:s:1': '1' } }
    const { removed, commands } = await remove(FLAT, [manifest(5, indexed(), FLAT)], held, REMOVAL, {}, 2)
    expect(removed).toMatchObject({ rows: 1, classicRows: 1 })
    expect(commands('UNLINK')).toEqual(['n:s:1', 'n:s'])
  })
})

function manifest(
  firstRun: number,
  rows: GenerationRows,
  options: object = {},
  form?: string,
): GenerationManifest {
  const plan = planWith(options, ROW)
  return {
    firstRun,
    generation: firstRun,
    syncId: undefined,
    continues: false,
    layout: layoutOf(plan),
    keyForm: 'plain',
    form: form ?? plan.locator.form.name,
    rows,
    usesIds: rows.kind === 'ids',
    hasRecords: true,
    endedWell: true,
  }
}

/** Carries out a removal of the stream `n.s`, and returns the commands that were sent. */
async function remove(
  options: object,
  manifests: readonly GenerationManifest[],
  held: Held,
  removal = REMOVAL,
  more: Partial<SyncStream> = {},
  classicLastId = 0,
) {
  const plan = planWith(options, { ...ROW, mode: 'overwrite', ...more })
  const { client, asked } = answeringClient((question) => answer(question, held))
  const scope: RemovalScope = { plan, manifests, classicLastId, expiryShards: [] }
  const removed = await executeRemoval(client, scope, removal, { log: () => undefined })
  /** Returns the keys, or the key and the members, of all commands of a name; entries of the index without their key. */
  const commands = (name: string): string[] =>
    asked
      .filter((command) => command.startsWith(`${name} `))
      .flatMap((command) => command.split(' ').slice(name === 'HDEL' ? 2 : 1))
  return { removed, asked, commands }
}

const INDEX_KEY = /^_airbyte:index:n:s:(\d+)(?:\.(\d+))?$/

function answer(question: string, { types = {}, entries = {}, texts = {} }: Held) {
  const [command, key = '', ...args] = question.split(' ')
  const [, shard, number = '0'] = INDEX_KEY.exec(key) ?? []
  const index = entries[Number(number)] ?? {}
  switch (command) {
    case 'TYPE':
      return types[key] ?? 'none'
    case 'HSCAN':
      // All entries are in the first shard.
      return ['0', shard === '0' ? Object.entries(index).flat() : []]
    case 'SSCAN':
      return ['0', ['7', 'old']]
    case 'HMGET':
      return args.map((location) => index[location] ?? null) as never
    case 'HGET':
      return shard === undefined ? (texts[key] ?? null) : (index[args[0]!] ?? null)
    case 'HLEN':
      return '3'
    case 'GET':
      return texts[key] ?? null
    default:
      return 1
  }
}
