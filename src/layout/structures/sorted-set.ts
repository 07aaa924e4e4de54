/**
 * Many records in one sorted set, ordered by the number in a column, or by emission time. Writing one again changes
 * nothing. To see the highest: `ZREVRANGE leaderboard:chess 0 9 WITHSCORES`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ColumnKind, compilePath } from '../../protocol/columns/columns.ts'
import { knows } from '../../redis/commands/capabilities.ts'
import { SORTED_SET_SCRIPT } from '../../redis/commands/fallback-scripts.ts'
import { collectionLayout } from './collection.ts'
import type { Layout, RecordView, Refusal } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

/** XX alone does not tell whether there was something to change: CH makes it answer how many it changed. */
const OPTIONS = { always: [], if_absent: ['NX'], if_exists: ['XX', 'CH'] } as const

const EMITTED_AT = '_airbyte_emitted_at'

export function sortedSetLayout(settings: RecordSettings, key: KeyTemplate, stream: StreamNames): Layout {
  const { scoreField, writeCondition } = settings
  const value = valueOf(settings, stream)
  const isConditional = writeCondition !== 'always'
  const locateScore = scoreField === EMITTED_AT ? locateEmittedAt : scoreColumn(scoreField)
  const score: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  const text: TextRange = { ...score }
  return collectionLayout(settings, key, {
    command: 'ZADD',
    options: OPTIONS[writeCondition],
    onOlder: () =>
      isConditional && !knows('ZADD NX')
        ? {
            command: 'EVALSHA',
            beforeKey: [SORTED_SET_SCRIPT.sha, '1'],
            options: OPTIONS[writeCondition].slice(0, 1),
            mostInCommand: 1,
          }
        : undefined,
    delivery: 'each',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns || scoreField !== EMITTED_AT,
    isConditional,
    overhead: 130,
    addItem(items, record) {
      const problem = locateScore(record, score) ?? value.locate(record, text)
      if (problem !== undefined) return problem
      items.argument(score.bytes, score.start, score.end)
      items.argument(text.bytes, text.start, text.end)
      return 2
    },
  })
}

type Locate = (record: RecordView, range: TextRange) => Refusal | undefined

function locateEmittedAt({ bytes, emittedAtStart, emittedAtEnd }: RecordView, range: TextRange): undefined {
  range.bytes = bytes
  range.start = emittedAtStart
  range.end = emittedAtEnd
}

function scoreColumn(name: string): Locate {
  const path = compilePath(name)
  return ({ columns }, range) => {
    const row = columns.find(path)
    if (row === -1) return `the column ${name}, which is the score_field, is missing`
    if (columns.kind(row) !== ColumnKind.number)
      return `the column ${name}, which is the score_field, holds no number`
    range.bytes = columns.bytes
    range.start = columns.valueStart(row)
    range.end = columns.valueEnd(row)
    // One such score would have Redis refuse the others that go out with it.
    const text = columns.bytes.toString('latin1', range.start, range.end)
    const value = Number(text)
    if (!Number.isFinite(value))
      return `the column ${name}, which is the score_field, holds a number too large for a score`
    if (value === 0 && !isZero(text))
      return `the column ${name}, which is the score_field, holds a number too close to zero for a score`
    return undefined
  }
}

function isZero(json: string): boolean {
  return !/^[^e]*[1-9]/i.test(json)
}
