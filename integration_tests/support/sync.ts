// Runs one sync of one stream as the platform does: records, a state, and COMPLETE if the source has finished.
import { expect } from 'vitest'
import type { ConnectorRun } from './connector.ts'
import { record, status, streamState, type CatalogStream } from './messages.ts'
import { write, type Server } from './write.ts'

export interface SyncOptions {
  options?: object
  /** Whether the source has finished, on a host that knows generations. */
  isComplete?: boolean
}

/**
 * Syncs rows, which are data or whole lines of `record`. Expects that all are counted, and the exit code that fits.
 */
export async function sync(
  server: Server,
  stream: CatalogStream,
  rows: readonly (object | string)[],
  { options = {}, isComplete = true }: SyncOptions = {},
): Promise<ConnectorRun> {
  const { name, namespace, generation } = stream
  const lines = rows.map((row) => (typeof row === 'string' ? row : record(name, row, { namespace })))
  const end = generation !== undefined && isComplete ? status(name, 'COMPLETE', { namespace }) : ''
  const state = streamState(name, { rows: rows.length }, { namespace })
  const run = await write(server, [stream], [...lines, state, end], options)
  expect(run.errors.map(({ failure_type }) => failure_type)).toEqual(isComplete ? [] : ['transient_error'])
  expect(run.code).toBe(isComplete ? 0 : 1)
  expect(run.states).toMatchObject([
    { stream: { stream_state: { rows: rows.length } }, destinationStats: { recordCount: rows.length } },
  ])
  return run
}
