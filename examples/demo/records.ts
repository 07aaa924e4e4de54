// Turns the rows of the shop into the messages of an Airbyte source: records, a state every 10,000 of them, and the status
// COMPLETE at the end of each stream.
import { record, status, streamState } from '../../integration_tests/support/messages.ts'
import { namespace, streams, type Random, type ShopStream } from './shop.ts'

export const recordCount = streams.reduce((sum, { rows }) => sum + rows, 0)
export const recordsPerState = 10_000
export const stateCount = streams.reduce((sum, { rows }) => sum + Math.ceil(rows / recordsPerState), 0)

const emittedAt = Date.UTC(2026, 0, 1)
const rowsPerChunk = 200

/** Yields the messages as text, a few hundred lines at a time. */
export function* shopMessages(): Generator<string> {
  for (const stream of streams) {
    yield* streamMessages(stream)
    yield status(stream.name, 'COMPLETE', { namespace })
  }
}

function* streamMessages({ name, rows, row }: ShopStream): Generator<string> {
  const random = seededRandom(rows)
  let chunk = ''
  for (let id = 1; id <= rows; id++) {
    chunk += record(name, row(id, random), { namespace, emittedAt: emittedAt + id })
    const isStateDue = id % recordsPerState === 0 || id === rows
    if (isStateDue) chunk += streamState(name, { last_id: id }, { namespace })
    if (isStateDue || id % rowsPerChunk === 0) {
      yield chunk
      chunk = ''
    }
  }
}

/** Mulberry32: small, fast, and the same on every machine. */
function seededRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
