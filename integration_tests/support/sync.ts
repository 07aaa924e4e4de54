// One sync of one stream as the platform runs it: records, a state, and COMPLETE where the source came to its end.
import { expect } from 'vitest'
import type { ConnectorRun } from './connector.ts'
import { record, status, streamState, type CatalogStream } from './messages.ts'
import { write, type Server } from './write.ts'

export interface SyncOptions {
  options?: object
  /** Of a host that knows generations: whether the source said that it is through. */
  isComplete?: boolean
}

/** `rows`: the data, or whole lines as `record` makes them. Expects that all are counted, and an end that is as it should be. */
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
