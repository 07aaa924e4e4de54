/**
 * Many records in one hash, each under a field of its own, which a template names; the record is the field's value.
 * Writing one again changes nothing. To see one: `HGET stock:berlin sku-1`.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { FIELD_SCRIPT } from '../../redis/commands/row-scripts.ts'
import { collectionLayout, type CollectionParts } from './collection.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames, ColumnTemplate } from '../fields/column-template.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export function hashFieldLayout(
  settings: LayoutSettings,
  key: KeyTemplate,
  field: ColumnTemplate,
  stream: StreamNames,
): Layout {
  const { writeCondition } = settings
  const value = valueOf(settings, stream)
  const name = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  const text: TextRange = { bytes: name.bytes, start: 0, end: 0 }
  return collectionLayout(settings, key, {
    ...commandFor(writeCondition),
    script: writeCondition === 'if_exists' ? FIELD_SCRIPT : undefined,
    delivery: 'each',
    usesIds: field.usesIds || value.usesIds,
    usesColumns: field.usesColumns || value.usesColumns,
    isConditional: writeCondition !== 'always',
    overhead: key.size + field.size + 100,
    addItem(items, record) {
      name.clear()
      const problem = field.render(record, name) ?? value.locate(record, text)
      if (problem !== undefined) return problem
      items.argument(name.bytes, 0, name.length)
      items.argument(text.bytes, text.start, text.end)
      return 2
    },
  })
}

/** HMSET, as HSET takes several fields only from Redis 4 on. No command writes a field only where there is one. */
function commandFor(
  condition: RecordSettings['writeCondition'],
): Pick<CollectionParts, 'command' | 'options' | 'mostInCommand' | 'beforeKey'> {
  switch (condition) {
    case 'always':
      return { command: 'HMSET', options: [] }
    case 'if_absent':
      return { command: 'HSETNX', options: [], mostInCommand: 1 }
    case 'if_exists':
      return { command: 'EVALSHA', beforeKey: [FIELD_SCRIPT.sha, '1'], options: [], mostInCommand: 1 }
  }
}
