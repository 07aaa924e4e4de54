import { describe, expect, it } from 'vitest'
import { locationForm } from '../../layout/registry/row-locator.ts'
import type { GenerationManifest, GenerationRows } from '../streams/generation-manifest.ts'
import { answeringClient } from '../streams/played-client.support.ts'
import { layoutOf } from '../streams/stream-layout.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import {
  formersOf,
  formerTypesOf,
  idRowsOf,
  IndexedRows,
  indexedRowsOf,
  LiveRows,
  onlyKeyOf,
} from './former-rows.ts'
import { KeyIndex } from './key-index.ts'

const PLAN = planWith()

function manifest(firstRun: number, rows: GenerationRows, options: object = {}, form = 'hash') {
  const plan = planWith(options, { primaryKey: [['id']] })
  const made: GenerationManifest = {
    firstRun,
    generation: firstRun,
    syncId: undefined,
    continues: false,
    layout: layoutOf(plan),
    keyForm: 'plain',
    form,
    rows,
    usesIds: rows.kind === 'ids',
    hasRecords: true,
    endedWell: true,
  }
  return made
}

const INDEX: GenerationRows = { kind: 'index', index: 0, isComplete: true }
const FLAT = { data_format: 'flat', key_template: 'k:${id}' }

/** Answers reads of index entries; keys of hashes are `<index key> <location>`. */
function clientWith(entries: Record<string, string>) {
  return answeringClient((question) => {
    const [command, , ...locations] = question.split(' ')
    if (command === 'HSCAN') return ['0', [] as string[]] as never
    return locations.map((location) => entries[location] ?? null)
  }).client
}

describe('rows by id', () => {
  it('end where those of the next generation begin, or at the last id', () => {
    const manifests = [
      manifest(1, { kind: 'ids', firstId: 1 }),
      manifest(2, INDEX, FLAT),
      manifest(3, { kind: 'ids', firstId: 11 }, { key_template: 'x:${_airbyte_ab_id}' }),
    ]
    const ranges = idRowsOf(PLAN, manifests, 15).map(({ rows }) => [rows.first, rows.last, rows.keys.lead])
    expect(ranges).toEqual([
      [1, 10, 'n:s:'],
      [11, 15, 'x:'],
    ])
  })
})

describe('the only key of a layout', () => {
  it.each([
    [{ cache_type: 'list' }, 'n:s'],
    [{ cache_type: 'list', key_template: 'all' }, 'all'],
    [{ cache_type: 'list', key_template: 'k:${id}' }, undefined],
    [{}, undefined],
  ])('of %j is %s', (options, key) => {
    expect(onlyKeyOf(PLAN, manifest(1, INDEX, options))).toBe(key)
  })
})

describe('the types that a key may have from former generations', () => {
  it('are those of ids, of the counter, of an only key and of index entries', async () => {
    const client = clientWith({ 'k:1': '1' })
    const manifests = [
      manifest(1, { kind: 'ids', firstId: 1 }),
      manifest(2, { ...INDEX, index: 1 }, { cache_type: 'list', key_template: 'all' }, 'list'),
      manifest(3, { ...INDEX, index: 2 }, FLAT),
      manifest(4, { ...INDEX, index: 3 }, FLAT),
    ]
    const formers = formersOf(client, PLAN, manifests, { before: 4, lastId: 9 })
    expect(formers.indexed).toHaveLength(2)
    const keys = ['n:s', 'n:s:9', 'n:s:10', 'all', 'k:1', 'k:2']
    const types = await formerTypesOf(PLAN, formers, keys)
    expect(types.map((one) => [...one])).toEqual([['string'], ['hash'], [], ['list'], ['hash'], []])
  })

  it('are that of a counter of the classic connector, if there is one', async () => {
    const formers = { manifests: [], indexed: [], lastId: 0 }
    const typesWith = async (hasClassicCounter: boolean) =>
      (await formerTypesOf(PLAN, { ...formers, hasClassicCounter }, ['n:s'])).map((one) => [...one])
    expect([await typesWith(true), await typesWith(false)]).toEqual([[['string']], [[]]])
  })
})

describe('live rows', () => {
  it('are ids of kept generations, and entries of runs that are kept', async () => {
    const client = clientWith({ 'k:1': '4 5 9', 'k:2': '3 5 9' })
    const indexed = indexedRowsOf(client, PLAN, [manifest(4, INDEX, FLAT)])
    const ids = [{ first: 5, last: 9, keys: { lead: 'n:s:', tail: '' }, type: 'hash' }]
    const live = new LiveRows(indexed, ids, 4)
    expect(await live.areLiveKeys(['k:1', 'k:2', 'k:3', 'n:s:5', 'n:s:4'])).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })

  it('are no entries of rows that were deleted since', async () => {
    const client = clientWith({ 'k:1': '4 5! 9', 'k:2': '4 5 9' })
    const live = new LiveRows(indexedRowsOf(client, PLAN, [manifest(4, INDEX, FLAT)]), [], 4)
    expect(await live.areLiveKeys(['k:1', 'k:2'])).toEqual([false, true])
  })

  it('are members one by one, where the former rows have the same form', async () => {
    const client = clientWith({ '1:ka': '4', '1:kb': '3' })
    const form = locationForm('member of set')
    const rows = new IndexedRows(new KeyIndex(client, PLAN, []), 0, form, undefined)
    const live = new LiveRows([rows], [], 4)
    expect(live.memberForms).toEqual([form])
    expect(await live.areLiveLocations(form, ['1:ka', '1:kb', '1:kc'])).toEqual([true, false, false])
  })
})
