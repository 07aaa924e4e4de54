import { expect, it } from 'vitest'
import type { Batch } from './batch.ts'
import { batchOf, commandsOf, laidOut, recordsOf } from './batches.support.ts'
import { planWith } from '../streams/plans.support.ts'

const plan = planWith({ cache_type: 'string', key_template: 'k:${n}', write_condition: 'if_exists' })

it('a record that is left out is not shown again, nor laid out, nor among those of any command', () => {
  const batch = batchOf([plan], recordsOf(plan, ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}']))
  expect(shown(batch)).toEqual([0, 1, 2, 3])
  batch.leaveOut(1)
  batch.leaveOut(3)
  expect(shown(batch)).toEqual([0, 2])
  const { requests, out } = laidOut(batch)
  expect(
    commandsOf(requests)
      .flat()
      .map(([, key]) => key),
  ).toEqual(['k:0', 'k:2'])
  const groups = batch.recordsByGroup()
  expect([0, 1].map((command) => groups.get(out.groupOf(command)))).toEqual([[0], [2]])
})

it('a record that is left out still counts, and its line and data are known', () => {
  const batch = batchOf([plan], recordsOf(plan, ['{"n":0}', '{"n":1}']))
  batch.leaveOut(1)
  expect([batch.records, batch.countByStream().get(plan)]).toEqual([2, 2])
  expect([batch.lineOf(1), batch.dataOf(1).toString(), batch.planOf(1)]).toEqual([2, '{"n":1}', plan])
})

it('what a batch holds besides counts for its weight, not for its size', () => {
  const batch = batchOf([plan], recordsOf(plan, ['{"n":0}']))
  const { size } = batch
  batch.hold(100)
  batch.hold(20)
  expect([batch.size, batch.weight]).toEqual([size, size + 120])
})

function shown(batch: Batch): number[] {
  const records: number[] = []
  batch.layEach(
    () => true,
    (_plan, _view, record) => records.push(record),
  )
  return records
}
