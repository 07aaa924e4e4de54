import { expect, it } from 'vitest'
import type { Batch } from './batch.ts'
import { batchOf, commandsOf, encode, recordsOf } from './batches.support.ts'
import { sessionWith } from '../streams/stream-sessions.support.ts'

const session = sessionWith({ cache_type: 'string', key_template: 'k:${n}', write_condition: 'if_exists' })

it('a record that is left out is not shown again, nor laid out, nor among those of any command', () => {
  const batch = batchOf([session], recordsOf(session, ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}']))
  expect(shown(batch)).toEqual([0, 1, 2, 3])
  batch.leaveOut(1)
  batch.leaveOut(3)
  expect(shown(batch)).toEqual([0, 2])
  const { requests, out } = encode(batch)
  expect(
    commandsOf(requests)
      .flat()
      .map(([, key]) => key),
  ).toEqual(['k:0', 'k:2'])
  const groups = batch.recordsByGroup()
  expect([0, 1].map((command) => groups.get(out.groupOf(command)))).toEqual([[0], [2]])
})

it('a record that is left out still counts, and its line and data are known', () => {
  const batch = batchOf([session], recordsOf(session, ['{"n":0}', '{"n":1}']))
  batch.leaveOut(1)
  expect([batch.records, batch.countByStream().get(session)]).toEqual([2, 2])
  expect([batch.lineOf(1), batch.dataOf(1).toString(), batch.streamOf(1)]).toEqual([2, '{"n":1}', session])
})

it('memory that others use for a batch counts as its memory, not as its size', () => {
  const batch = batchOf([session], recordsOf(session, ['{"n":0}']))
  const { size } = batch
  batch.addMemory(100)
  batch.addMemory(20)
  expect([batch.size, batch.memory]).toEqual([size, size + 120])
})

function shown(batch: Batch): number[] {
  const records: number[] = []
  batch.encodeEach(
    () => true,
    (_plan, _view, record) => records.push(record),
  )
  return records
}
