/**
 * Many records in one list, in the order they came or the newest first. Lists hold the records' text.
 * To see one: `LRANGE public:events 0 9`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { knows } from '../../redis/commands/capabilities.ts'
import { collectionLayout } from './collection.ts'
import type { Layout } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export function listLayout(settings: RecordSettings, key: KeyTemplate, stream: StreamNames): Layout {
  const { listOperation, maxLength, writeCondition } = settings
  const value = valueOf(settings, stream)
  const text: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  const isConditional = writeCondition === 'if_exists'
  const push = listOperation === 'append' ? 'RPUSH' : 'LPUSH'
  return collectionLayout(settings, key, {
    command: isConditional ? `${push}X` : push,
    options: [],
    onOlder: () => (isConditional && !knows('RPUSHX of several items') ? { mostInCommand: 1 } : undefined),
    // A list would hold a record twice that was sent twice.
    delivery: 'once',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns,
    isConditional,
    overhead: 100,
    addItem(items, record) {
      const problem = value.locate(record, text)
      if (problem !== undefined) return problem
      items.argument(text.bytes, text.start, text.end)
      return 1
    },
    afterwards: maxLength === undefined ? undefined : trim(listOperation, maxLength),
  })
}

function trim(operation: RecordSettings['listOperation'], length: number): [string, string, string] {
  return operation === 'append' ? ['LTRIM', String(-length), '-1'] : ['LTRIM', '0', String(length - 1)]
}
