import { describe, expect, it } from 'vitest'
import { answeringClient } from '../streams/played-client.support.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { isClassicCounter, removeClassicRows } from './classic-rows.ts'

/** The hashes that are there: by id, the number of fields and the value of `_airbyte_ab_id`. */
type Hashes = Record<string, { fields: number; id: string; isLackingData?: boolean }>

function clientWith(hashes: Hashes, loaded?: string) {
  return answeringClient((question) => {
    const [command, key = '', field] = question.split(' ')
    if (command === 'GET') return key === 'tmp:n:s' ? (loaded ?? null) : null
    const hash = hashes[key]
    if (command === 'TYPE') return hash === undefined ? 'none' : 'hash'
    if (command === 'HLEN') return String(hash?.fields ?? 0)
    if (command === 'HGET') return hash?.id ?? null
    if (command === 'HEXISTS') return field === '_airbyte_data' && hash?.isLackingData === true ? '0' : '1'
    return '1'
  })
}

const HASHES: Hashes = {
  'n:s:1': { fields: 3, id: '1' },
  'n:s:2': { fields: 4, id: '2' },
  'n:s:3': { fields: 3, id: '33' },
  'n:s:4': { fields: 3, id: '4', isLackingData: true },
  'n:s:5': { fields: 3, id: '5' },
}

const NONE_LIVE = async (keys: readonly string[]) => keys.map(() => false)
const ALL_LIVE = async (keys: readonly string[]) => keys.map(() => true)

describe('rows of the classic connector', () => {
  it('are removed if they have exactly its three fields and their own id', async () => {
    const { client, asked } = clientWith(HASHES)
    const logs: string[] = []
    const removed = await removeClassicRows(client, planWith(), 6, NONE_LIVE, (level, text) =>
      logs.push(`${level} ${text}`),
    )
    expect(removed).toBe(2)
    expect(asked.filter((question) => question.startsWith('UNLINK'))).toEqual(['UNLINK n:s:1 n:s:5'])
    expect(logs).toEqual([expect.stringMatching(/^INFO n\.s: 2 rows of the classic connector/)])
  })

  it.each([
    ['33', ['n:s:1', 'n:s:3', 'n:s:5']],
    ['32', ['n:s:1', 'n:s:5']],
    ['many', ['n:s:1', 'n:s:5']],
  ])('are removed under any id that was given out while they were loaded: %s were', async (loaded, keys) => {
    const { client, asked } = clientWith(HASHES, loaded)
    await removeClassicRows(client, planWith(), 6, NONE_LIVE, () => undefined)
    expect(asked.filter((question) => question.startsWith('UNLINK'))).toEqual([`UNLINK ${keys.join(' ')}`])
  })

  it('stay where they are live, and a number without rows is left alone', async () => {
    const { client, asked } = clientWith(HASHES)
    const logs: string[] = []
    const removed = await removeClassicRows(client, planWith(), 6, ALL_LIVE, (level) => logs.push(level))
    expect([removed, logs]).toEqual([0, ['WARN']])
    expect(asked.filter((question) => question.startsWith('UNLINK'))).toEqual([])
  })
})

describe('the counter of the classic connector', () => {
  it.each([
    [5, HASHES, true],
    [4, { 'n:s:4': HASHES['n:s:4']! }, false],
    [2, { 'n:s:2': HASHES['n:s:2']! }, false],
    [0, HASHES, false],
    [1_000, HASHES, false],
  ])('is told by one of its last rows: of %i', async (lastId, hashes, expected) => {
    const { client } = clientWith(hashes)
    expect(await isClassicCounter(client, planWith(), lastId)).toBe(expected)
  })

  it('is told by a row whose id was given out while it was loaded', async () => {
    const hashes = { 'n:s:3': HASHES['n:s:3']! }
    expect(await isClassicCounter(clientWith(hashes).client, planWith(), 3)).toBe(false)
    expect(await isClassicCounter(clientWith(hashes, '40').client, planWith(), 3)).toBe(true)
  })
})
