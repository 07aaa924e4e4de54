/** Random lines: records that are taken together are the same as those that are added one by one. */
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { randomFrom, type Random } from '../../random.support.ts'
import { NO_GROUP } from '../../layout/encoding/command-groups.ts'
import { compilePath } from '../../protocol/columns/columns.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import { capturedColumnsOf } from '../streams/captured-columns.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { Batch } from './batch.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'

const CASES = caseCount(30, 5_000)
const ID = compilePath('id')
const LIMITS = { records: 300, bytes: 20_000 }

it.each([
  [
    'captured columns',
    { cache_type: 'string', data_format: 'json', key_template: '${_airbyte_stream}:${id}' },
  ],
  ['no captured columns', {}],
  ['changes that are kept', { keep_meta: true }],
])('with %s, records that are taken together are the same as one by one', (_, options) => {
  let together = 0
  for (let seed = 0; seed < CASES; seed++) {
    const random = randomFrom(seed)
    const sessions = sessionsFor([stream('aa'), stream('bb')], options)
    const lines = Array.from({ length: 1 + random(400) }, () => lineOf(random)).join('')
    const expected = batchesOf(lines, sessions, () => 0)
    const taken = batchesOf(lines, sessions, (reader, batch, session) => {
      const records = reader.takeRecords(batch.room, session.plan.index)
      batch.addRecords(session, records)
      together += records.count
      return records.count
    })
    expect(taken, `seed ${seed}`).toEqual(expected)
  }
  expect(together).toBeGreaterThan(CASES * 20)
})

type Take = (reader: MessageReader, batch: Batch, session: StreamSession) => number

/** Reads all lines, a batch being full as in a run. `take` is called after each record. */
function batchesOf(lines: string, sessions: readonly StreamSession[], take: Take) {
  const captured = capturedColumnsOf(sessions.map(({ plan }) => plan))
  const reader = new MessageReader(1 << 16, undefined, captured.names)
  reader.append(Buffer.from(lines))
  const batches: Batch[] = []
  let batch: Batch | undefined
  while (reader.next()) {
    const { message, bytes, block } = reader
    if (message.kind !== 'record') continue
    if (batch === undefined || batch.isFull)
      batches.push((batch = new Batch(LIMITS, sessions, new BufferPool(0), captured)))
    const name = JSON.parse(bytes.toString('utf8', message.stream.start, message.stream.end)) as string
    const session = sessions.find(({ plan }) => plan.name.endsWith(name))!
    batch.addRecord(session, block, message)
    take(reader, batch, session)
  }
  return batches.map((made) => contentsOf(made))
}

function contentsOf(batch: Batch) {
  const records: unknown[] = []
  batch.encodeEach(
    () => true,
    ({ plan, layout }, view, record) => {
      if (layout.usesColumns) batch.readColumns(view)
      const { bytes, columns, emittedAtStart, emittedAtEnd } = view
      const row = layout.usesColumns ? columns.find(ID) : -1
      records.push([
        plan.name,
        batch.lineOf(record),
        batch.dataOf(record).toString(),
        bytes.toString('latin1', emittedAtStart, emittedAtEnd),
        view.changes.toString(),
        row === -1
          ? undefined
          : columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row)),
      ])
      return NO_GROUP
    },
  )
  return { records, size: batch.size, counts: [...batch.countByStream().values()], isFull: batch.isFull }
}

const EMISSIONS = [
  '1700000000001',
  '1700000000002',
  '1700000000',
  '-170000000000',
  '1700000000000.5',
  '1.7e12',
]

function lineOf(random: Random): string {
  if (random(40) === 0) return random(2) === 0 ? '\n' : '{"type":"LOG","log":{"level":"INFO"}}\n'
  const name = random(15) === 0 ? 'bb' : 'aa'
  const spelled = random(30) === 0 ? name.replace('b', '\\u0062') : name
  const space = random(20) === 0 ? ' ' : ''
  const data = `{"id":${random(1000)}${space},"pad":"${'x'.repeat(random(60))}"}`
  const changes = random(20) === 0 ? ',"meta":{"changes":[{"field":"id","change":"NULLED"}]}' : ''
  const emittedAt = EMISSIONS[random(10) === 0 ? random(EMISSIONS.length) : 0]!
  const names = random(25) === 0 ? `"stream":"${spelled}"` : `"stream":"${spelled}","namespace":"n"`
  return `{"type":"RECORD","record":{${names},"data":${data},"emitted_at":${emittedAt}${changes}}}\n`
}
