/**
 * Many records in one set. Records with the same text, or the same `member`, are there once; writing one again
 * changes nothing. To see some: `SSCAN public:tags 0`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { collectionLayout } from './collection.ts'
import type { Layout } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export function setLayout(settings: RecordSettings, key: KeyTemplate, stream: StreamNames): Layout {
  const value = valueOf(settings, stream)
  const text: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  return collectionLayout(settings, key, {
    command: 'SADD',
    options: [],
    delivery: 'each',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns,
    isConditional: false,
    overhead: 100,
    addItem(items, record) {
      const problem = value.locate(record, text)
      if (problem !== undefined) return problem
      items.argument(text.bytes, text.start, text.end)
      return 1
    },
  })
}
