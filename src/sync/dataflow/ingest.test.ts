import { describe, expect, it } from 'vitest'
import type { Batch } from '../batches/batch.ts'
import { commandsOf, encode } from '../batches/batches.support.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { Ingest } from './ingest.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'
import { Progress } from './record-counts.ts'

describe('messages', () => {
  it('become batches of records and states, in the order they came', async () => {
    const { ingest, batches } = opened()
    await ingest.take(lines(record('a', 1), record('b', 2), state('a'), record('a', 3), state()))
    ingest.submit()
    expect(batches.map(contentsOf)).toEqual([
      ['n.a {"n":1}', 'n.b {"n":2}', 'state of n.a, 1 records', 'n.a {"n":3}', 'state, 2 records'],
    ])
  })

  it('go on their way when a batch is full, and a last line without an end counts', async () => {
    const { ingest, batches } = opened()
    const text = lines(...[1, 2, 3, 4, 5].map((n) => record('a', n)))
    await ingest.take(text.subarray(0, -1))
    await ingest.end()
    ingest.submit()
    ingest.submit()
    expect(batches.map(({ records }) => records)).toEqual([4, 1])
  })

  it('that are neither records nor states nor statuses do nothing', async () => {
    const { ingest, batches } = opened()
    await ingest.take(lines('{"type":"LOG","log":{"level":"INFO","message":"hello"}}', ''))
    ingest.submit()
    expect(batches).toEqual([])
  })

  it('may say that a stream could not be read', async () => {
    const { ingest, progress } = opened()
    await ingest.take(
      lines(
        '{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"status":"INCOMPLETE","stream_descriptor":{"name":"b","namespace":"n"}}}}',
      ),
    )
    expect(progress.receipts.map(({ status }) => status)).toEqual([undefined, 'INCOMPLETE'])
  })
})

describe('a record that is filtered', () => {
  const options = {
    streams: [{ stream: 'a', record_filter: { field: 'type', equals: 'track' }, root_field: 'event' }],
  }

  it('is in no batch, and counted before the next state of its stream', async () => {
    const { ingest, batches, log } = opened(options)
    const data = ['{ "type" : "track", "event": {"n": 1} }', '{"type":"page","event":{}}', '{"type":"track"}']
    const records = data.map((text) => recordOf('a', text))
    await ingest.take(lines(...records, record('b', 3), state('b'), state('a'), state('a')))
    ingest.submit()
    expect(batches.map(contentsOf)).toEqual([
      [
        'n.a {"type":"track","event":{"n":1}}',
        'n.b {"n":3}',
        'state of n.b, 1 records',
        'state of n.a, 3 records, 2 filtered',
        'state of n.a, 0 records',
      ],
    ])
    expect(log()).toContain('INFO n.a: 0 records written, 2 filtered.')
  })

  it('may be all there is: then nothing goes on its way', async () => {
    const { ingest, batches } = opened(options)
    await ingest.take(lines(recordOf('a', '{}'), recordOf('a', '{"type":"track","event":null}')))
    ingest.submit()
    expect(batches).toEqual([])
  })
})

describe('the key of a record', () => {
  it.each([
    ['captured while the record is read', {}],
    ['found among all columns', { fields: ['id', 'k'] }],
  ])('is right however the record is written: %s', async (_, more) => {
    const shape = { cache_type: 'string', data_format: 'json', key_template: 'v:${k}:${id}' }
    const streams = [
      { stream: 'a', ...shape, ...more },
      { stream: 'b', ...shape, key_template: 'b:${other}', ...more },
    ]
    const { ingest, batches } = opened({ streams })
    await ingest.take(
      lines(
        recordOf('a', '{"id":1,"k":"x"}'),
        recordOf('b', '{"k":"no","other":7,"id":"no"}'),
        recordOf('a', '{ "long" : "text in front" , "k" : "y" , "id" : 2 }'),
        recordOf('a', '{"id":"no","k":"z","\\u0069d":3,"more":{"id":"no","k":"no"},"list":[{"id":"no"}]}'),
        recordOf('a', '{"k":"\\u00e9\\n","id":4}'),
      ),
    )
    ingest.submit()
    const keys = batches.flatMap((batch) =>
      commandsOf(encode(batch).requests).flatMap((commands) => commands.map(([, key]) => key)),
    )
    expect(keys).toEqual(['v:x:1', 'b:7', 'v:y:2', 'v:z:3', 'v:\u00e9\n:4'])
  })
})

/** Opens an ingest whose batches are kept as they were submitted. */
function opened(options: object = {}) {
  const sessions = sessionsFor([stream('a'), stream('b')], options)
  const texts: string[] = []
  const progress = new Progress(
    sessions.map(({ plan }) => plan),
    (level, message) => texts.push(`${level} ${message}`),
  )
  const batches: Batch[] = []
  const stateQueue = {
    hasRoom: true,
    room: () => Promise.resolve(),
    submit: (batch: Batch) => void batches.push(batch),
  }
  const limits = { records: 4, bytes: 65_536 }
  const ingest = new Ingest({
    sessions,
    limits,
    tables: new BufferPool(0),
    stateQueue,
    progress,
    lines: { maxLineBytes: 1 << 20, skipsLongRecords: false },
  })
  const log = (): string[] => {
    progress.summarize()
    return texts
  }
  return { ingest, batches, progress, log }
}

function contentsOf(batch: Batch): string[] {
  const contents: string[] = []
  const states = [...batch.states]
  for (let at = 0; at <= batch.records; at++) {
    for (; states[0]?.after === at; states.shift()) {
      const { plan, received } = states[0]
      const filtered = received.filtered > 0 ? `, ${received.filtered} filtered` : ''
      contents.push(`state${plan ? ` of ${plan.name}` : ''}, ${received.records} records${filtered}`)
    }
    if (at < batch.records) contents.push(`${batch.planOf(at).name} ${batch.dataOf(at).toString()}`)
  }
  return contents
}

function lines(...messages: string[]): Uint8Array {
  return Buffer.from(messages.map((message) => `${message}\n`).join(''))
}

function record(name: string, n: number): string {
  return recordOf(name, `{"n":${n}}`)
}

function recordOf(name: string, data: string): string {
  return `{"type":"RECORD","record":{"namespace":"n","stream":"${name}","data":${data},"emitted_at":5}}`
}

/** The state of a stream, or of all of them. */
function state(name?: string): string {
  const inner =
    name === undefined
      ? { data: {} }
      : { type: 'STREAM', stream: { stream_descriptor: { name, namespace: 'n' }, stream_state: {} } }
  return JSON.stringify({ type: 'STATE', state: inner })
}
