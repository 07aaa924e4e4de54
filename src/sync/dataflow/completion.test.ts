import { expect, it } from 'vitest'
import type { Config } from '../../config/settings/config.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { thrownBy } from '../../errors.support.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { requireComplete } from './completion.ts'

type Status = 'COMPLETE' | 'INCOMPLETE' | undefined

const REFRESH: Partial<SyncStream> = { generation: 3, minimumGeneration: 3 }
const OVERWRITE: Partial<SyncStream> = { mode: 'overwrite' }
const WITH_GENERATION: Partial<SyncStream> = { generation: 3 }

it.each([
  ['auto', false, WITH_GENERATION, 'COMPLETE', undefined],
  ['auto', true, REFRESH, 'INCOMPLETE', 'stream-incomplete'],
  ['end_of_input', true, REFRESH, 'INCOMPLETE', 'stream-incomplete'],
  ['auto', false, {}, undefined, undefined],
  ['auto', false, WITH_GENERATION, undefined, 'stream-status-missing'],
  ['auto', true, WITH_GENERATION, undefined, undefined],
  ['auto', true, { ...OVERWRITE, ...REFRESH }, undefined, undefined],
  ['auto', true, REFRESH, undefined, 'stream-status-missing'],
  ['status', true, OVERWRITE, undefined, 'stream-status-missing'],
  ['status', false, {}, undefined, 'stream-status-missing'],
  ['end_of_input', false, REFRESH, undefined, undefined],
] as [Config['completion'], boolean, Partial<SyncStream>, Status, string | undefined][])(
  'completion %s, platform %s, stream %j with status %s: %s',
  async (completion, isPlatform, more, status, code) => {
    const receipt = { plan: planWith({}, more), status, records: 1 }
    const error = await thrownBy(() => requireComplete([receipt], completion, { isPlatform }))
    expect(error?.code).toBe(code)
  },
)

it('one status of any stream shows that the host sends them', async () => {
  const receipts = [
    { plan: planWith(), status: 'COMPLETE', records: 1 },
    { plan: planWith(), status: undefined, records: 1 },
  ] as const
  const error = await thrownBy(() => requireComplete(receipts, 'auto', { isPlatform: true }))
  expect(error).toMatchObject({ code: 'stream-status-missing', params: { streams: 'n.s' } })
})

it.each([
  [OVERWRITE, undefined, false, 'empty-replace'],
  [OVERWRITE, undefined, true, undefined],
  [OVERWRITE, 'COMPLETE', false, undefined],
  [{}, undefined, false, undefined],
] as [Partial<SyncStream>, Status, boolean, string | undefined][])(
  'without records, %j with status %s, allow_empty_replace %s: %s',
  async (more, status, allowed, code) => {
    const receipt = { plan: planWith({ allow_empty_replace: allowed }, more), status, records: 0 }
    const error = await thrownBy(() => requireComplete([receipt], 'auto', { isPlatform: false }))
    expect(error?.code).toBe(code)
  },
)
