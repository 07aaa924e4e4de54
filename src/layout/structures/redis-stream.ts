/**
 * One entry of a Redis stream a record: Airbyte's three fields, or one field a column. The server gives entries their
 * ids, which rise in the order of arrival. To see the newest: `XREVRANGE public:events + - COUNT 10`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { knows } from '../../redis/commands/capabilities.ts'
import { STREAM_SCRIPT } from '../../redis/commands/fallback-scripts.ts'
import { collectionLayout } from './collection.ts'
import { fieldsOf } from '../fields/fields.ts'
import type { Layout } from '../encoding/layout.ts'
import type { KeyTemplate } from '../fields/column-template.ts'

export function streamLogLayout(settings: RecordSettings, key: KeyTemplate): Layout {
  const { maxLength, streamTrim, writeCondition } = settings
  const fields = fieldsOf(settings)
  const isConditional = writeCondition === 'if_exists'
  const trim =
    maxLength === undefined ? [] : ['MAXLEN', ...(streamTrim === 'exact' ? [] : ['~']), String(maxLength)]
  return collectionLayout(settings, key, {
    command: 'XADD',
    options: [...(isConditional ? ['NOMKSTREAM'] : []), ...trim, '*'],
    onOlder: () =>
      isConditional && !knows('XADD NOMKSTREAM')
        ? { command: 'EVALSHA', beforeKey: [STREAM_SCRIPT.sha, '1'], options: [...trim, '*'] }
        : undefined,
    mostInCommand: 1,
    // A Redis stream would hold a record twice that was sent twice.
    delivery: 'once',
    usesIds: fields.usesIds,
    usesColumns: fields.usesColumns,
    isConditional,
    overhead: key.size + fields.overhead + 60,
    addItem(items, record) {
      const count = fields.count(record)
      if (typeof count === 'string') return count
      if (count === 0) return 'it has no column with a value, and an entry of a Redis stream needs one'
      fields.add(items, record)
      return 2 * count
    },
  })
}
