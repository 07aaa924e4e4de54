/**
 * Many records in one set. Records with the same text, or the same `member`, are one member of it.
 * To see some: `SSCAN public:tags 0`.
 */
import { commandProbe, removalProbe } from '../../redis/commands/command-probe.ts'
import { drainScript } from '../../redis/commands/drain-script.ts'
import { collectionLayout } from '../contract/collection-layout.ts'
import { requirement, type LayoutOptions, type Structure } from '../contract/structure.ts'
import type { Layout } from '../encoding/layout.ts'
import { valueOf } from '../fields/value.ts'
import type { TextRange } from '../encoding/text-range.ts'

export const set: Structure = {
  cacheType: 'set',
  formats: ['airbyte', 'json', 'raw'],
  mergeFormats: [],
  conditions: ['always'],
  options: ['member'],
  type: 'set',
  isRepeatable: true,
  rows: {
    kind: 'member',
    option: 'member',
    template: ({ member }) => member,
    removal: 'SREM',
    canUpdate: false,
    canShowDeletion: false,
  },
  createLayout,
  requirements: () => [WRITING],
  collection: {
    drain: () => DRAIN,
    replacing: requirement(
      'replacing a set (overwrite, refreshes), and removing members (append_dedup)',
      (key) => [commandProbe('SRANDMEMBER', [key, '1'], ''), commandProbe('SREM', [key, 'probe'], '0')],
    ),
  },
}

const WRITING = requirement('cache_type set', (key) => [
  commandProbe('SADD', [key, 'written'], '1'),
  removalProbe(key),
])

const DRAIN = drainScript(
  'set',
  `
local items = isWhole and redis.call('SMEMBERS', staging) or redis.call('SRANDMEMBER', staging, most)
call('SADD', live, items)
call('SREM', staging, items)
return #items
`,
)

function createLayout({ settings, key, stream }: LayoutOptions): Layout {
  const value = valueOf(settings, stream)
  const text: TextRange = { bytes: Buffer.alloc(0), start: 0, end: 0 }
  return collectionLayout(settings, key, {
    type: 'set',
    command: 'SADD',
    options: [],
    deliveryMode: 'pipeline',
    usesIds: value.usesIds,
    usesColumns: value.usesColumns,
    isConditional: false,
    overhead: 100,
    items: value.argument && [value.argument],
    addItem(items, record) {
      const refusal = value.locate(record, text)
      if (refusal !== undefined) return refusal
      items.argument(text.bytes, text.start, text.end)
      return 1
    },
  })
}
