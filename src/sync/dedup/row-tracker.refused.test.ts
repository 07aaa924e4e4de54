import { expect, it } from 'vitest'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { batchOf, commandsIn, recordsOf } from '../batches/batches.support.ts'
import type { RunMetadata } from '../streams/stream-session.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { NOTHING_FOUND } from './found-keys.ts'
import type { RowDecisions } from './row-decisions.ts'
import { shownEntries, trackerOf } from './row-trackers.support.ts'

const PLAN = planWith(
  { key_template: 'k:${id}' },
  { mode: 'append_dedup', primaryKey: [['id']], cursor: { path: 'v', isNumeric: false } },
)
const NO_KEYS = await NOTHING_FOUND
const REFUSED = new Set([0])

it.each([
  ['none: the new one is removed', null, [['HDEL', 'k:1']]],
  ['an older one: it is back', '6 5 1', [['HSET', 'k:1', '6 5 1']]],
  [
    'a tombstone: it is back, and ends later',
    '6 5! 1',
    [
      ['HSET', 'k:1', '6 5! 1'],
      ['ZADD', expect.stringMatching(/^\d{13}$/) as string, 'k:1'],
    ],
  ],
])('the index entry of a row that Redis refuses was %s', (_, stored, expected) => {
  const { open } = opened()
  expect(takenBack(open([2], stored).decide())).toEqual(expected)
})

it('a newer entry is left to the batch that wrote it, which takes back what was there before both', () => {
  const { open } = opened()
  const [first, second] = [open([2], '6 5 1').decide(), open([3], '6 5 1').decide()]
  expect(takenBack(first)).toEqual([])
  first.confirm()
  expect(takenBack(second)).toEqual([['HSET', 'k:1', '6 5 1']])
})

it('a row is named in the journal again if the entry that was read has been taken back since', () => {
  const { open } = opened()
  const first = open([2], null).decide()
  const second = open([1], '7 5 2')
  takenBack(first)
  const { added, deduplicated } = second.decide()
  expect([added, deduplicated]).toEqual([[0], []])
})

it('a record that is tried again wins over one of the same version that was there, not over one that came later', () => {
  const { open } = opened()
  const first = open([2], '6 5 2')
  const later = [open([3], '6 5 2'), open([2], '6 5 2')]
  const [refused, [third, fourth]] = [first.decide(), later.map(({ decide }) => decide())]
  takenBack(refused)
  expect(first.again([2]).decide().changes).toEqual([])
  takenBack(third!)
  expect(fourth!.deduplicated).toEqual([0])
  expect(first.again([2]).decide().changes).toEqual([0])
})

it('the cursor of a row that is back counts for none, if it was another column then', () => {
  const { open } = opened({ cursorFrom: 7 })
  takenBack(open([2], '6 5 9').decide())
  expect(open([1], null).decide().changes).toEqual([0])
})

/** The commands that take back the row of the only record, without their keys. */
function takenBack(decisions: RowDecisions): string[][] {
  const out = new CommandBuffer(Buffer.alloc(0))
  decisions.takeBack(REFUSED, out)
  const commands = commandsIn(out.bytes.subarray(0, out.length))
  return commands.map(([name, , ...args]) => [name!, ...args])
}

/** A tracker of the run 7, and batches of one row. */
function opened(runs: Partial<RunMetadata> = {}) {
  const { session, tracker } = trackerOf(PLAN, runs)
  const open = (cursors: readonly number[], stored: string | null, number?: number) => {
    const data = cursors.map((v) => `{"id":1,"v":${v}}`)
    const rows = tracker.read(batchOf([session], recordsOf(session, data)), number)
    const values = shownEntries(rows.entries).map(() => stored)
    return {
      decide: () => tracker.decide(rows, { stored: values, keys: NO_KEYS }),
      again: (others: readonly number[]) => open(others, stored, rows.number),
    }
  }
  return { open }
}
