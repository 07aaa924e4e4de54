// Runs a write and disturbs its servers in the middle. The write continues until the disturbance is over, and longer.
import { startConnector, writeFiles } from './connector.ts'
import { feed } from './feed.ts'
import { catalog, record, streamState } from './messages.ts'
import { cursorOf, isError, type ConnectorError } from './output-message.ts'

/** The number of records between two states. */
export const EVERY = 500

export interface DisturbedWrite {
  /** The number of records sent; their ids count from 1. */
  sent: number
  /** The cursors of the acknowledged states. */
  cursors: number[]
  errors: ConnectorError[]
  code: number | null
}

export interface Disturbance {
  config: object
  /** The least number of records. */
  least: number
  /** Returns the columns of a record, without its id. */
  columns: (id: number) => object
  /** Disturbs the servers; called when some states are acknowledged. */
  disturb: () => Promise<unknown>
}

export async function writeDisturbed({
  config,
  least,
  columns,
  disturb,
}: Disturbance): Promise<DisturbedWrite> {
  // Little is in flight at a time, so that the disturbance hits the middle of the records.
  const window = { batch_bytes: 65_536, max_in_flight_bytes: 1_048_576, max_outage_seconds: 60 }
  const files = writeFiles({ config: { ...window, ...config }, catalog: catalog([{ name: 's' }]) })
  await using run = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
  const flow = { sent: 0, isEnding: false }
  void feed(run.stdin, messages(flow, least, columns))
  const cursors: number[] = []
  const errors: ConnectorError[] = []
  let disturbed: Promise<unknown> | undefined
  for await (const message of run.messages) {
    if (isError(message)) errors.push(message.trace.error)
    if (message.type === 'STATE') cursors.push(cursorOf(message))
    if (cursors.length === 5) disturbed ??= disturb().finally(() => (flow.isEnding = true))
  }
  await disturbed
  const { code } = await run.exit
  return { sent: flow.sent, cursors, errors, code }
}

function* messages(
  flow: { sent: number; isEnding: boolean },
  least: number,
  columns: (id: number) => object,
): Generator<string> {
  for (let last = least; flow.sent < last;) {
    let lines = ''
    for (let id = flow.sent + 1; id <= flow.sent + EVERY; id++) lines += record('s', { id, ...columns(id) })
    flow.sent += EVERY
    yield lines + streamState('s', { id: flow.sent })
    if (!flow.isEnding) last = Math.max(last, flow.sent + 10 * EVERY)
  }
}
