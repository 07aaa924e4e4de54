/**
 * The layout of structures with many records under one key: consecutive records of one key are written by one command,
 * and the key's time to live is renewed after it.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Capabilities } from '../../redis/commands/capabilities.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Script } from '../../redis/commands/script.ts'
import { spreadOut } from '../fields/expiry.ts'
import type { DeliveryMode, Layout, RecordView, Refusal } from '../encoding/layout.ts'
import type { CommandGroups } from '../encoding/command-groups.ts'
import type { KeyTemplate } from '../fields/column-template.ts'

/** Limit: longer commands save no more overhead, and block other clients. */
const MOST_IN_COMMAND = 500

/** A larger command has one record only, so that one which Redis cannot take is the fault of no other record. */
const MOST_BYTES_OF_SEVERAL = 1 << 20

export interface CollectionCommand {
  command: string
  /** The arguments before the key. */
  beforeKey?: readonly string[]
  /** The arguments between the key and the items. */
  options: readonly string[]
  /** The most records in one command. */
  mostInCommand?: number
}

export interface CollectionLayoutOptions extends CollectionCommand {
  deliveryMode: DeliveryMode
  usesIds: boolean
  usesColumns: boolean
  isConditional: boolean
  scripts?: readonly Script[]
  overhead: number
  /** Adds the arguments of a record and returns how many there are, or why there are none. */
  addItem: (items: CommandBuffer, record: RecordView) => number | Refusal
  /** Returns the changes for servers that lack a feature. */
  onOlder?: (capabilities: Capabilities) => Partial<CollectionCommand> | undefined
  /** A command that follows on the same key, without the key. */
  afterwards?: readonly [command: string, ...args: string[]] | undefined
}

export function collectionLayout(
  settings: RecordSettings,
  key: KeyTemplate,
  options: CollectionLayoutOptions,
): Layout {
  const { ttlSeconds, ttlJitterPercent } = settings
  const { addItem, afterwards, onOlder } = options
  const current = {
    key: new ByteBuffer(Buffer.allocUnsafeSlow(256)),
    records: 0,
    args: 0,
    group: 0,
    spread: 0,
  }
  const items = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  const nextKey = new ByteBuffer(Buffer.allocUnsafeSlow(256))

  function flush(out: CommandGroups): void {
    if (current.records === 0) return
    const older = onOlder?.(out.capabilities)
    const beforeKey = older?.beforeKey ?? options.beforeKey ?? []
    const beforeItems = older?.options ?? options.options
    out.begin(older?.command ?? options.command, beforeKey.length + 1 + beforeItems.length + current.args)
    out.writes(current.group)
    for (const argument of beforeKey) out.textArgument(argument)
    out.key(current.key.bytes, 0, current.key.length)
    for (const argument of beforeItems) out.textArgument(argument)
    out.add(items.bytes, 0, items.length)
    if (afterwards !== undefined) follow(out, afterwards)
    if (ttlSeconds > 0)
      follow(out, ['PEXPIRE', String(spreadOut(ttlSeconds, ttlJitterPercent, current.spread))])
    items.clear()
    current.records = current.args = 0
  }

  function mostInCommand({ capabilities }: CommandGroups): number {
    return onOlder?.(capabilities)?.mostInCommand ?? options.mostInCommand ?? MOST_IN_COMMAND
  }

  function follow(out: CommandGroups, [name, ...args]: readonly [command: string, ...args: string[]]): void {
    out.begin(name, 1 + args.length)
    out.key(current.key.bytes, 0, current.key.length)
    for (const arg of args) out.textArgument(arg)
  }

  return {
    // A key that was written without its PEXPIRE would never expire.
    deliveryMode:
      ttlSeconds > 0 && options.deliveryMode === 'pipeline' ? 'transaction' : options.deliveryMode,
    overhead: options.overhead,
    usesIds: options.usesIds || key.usesIds,
    usesColumns: options.usesColumns || key.usesColumns,
    isConditional: options.isConditional,
    scripts: options.scripts ?? [],
    write(out, record) {
      nextKey.clear()
      const refusal = key.render(record, nextKey)
      if (refusal !== undefined) return refusal
      const size = items.length + record.dataEnd - record.dataStart
      if (
        size > MOST_BYTES_OF_SEVERAL ||
        current.records === mostInCommand(out) ||
        !isSame(nextKey, current.key)
      )
        flush(out)
      const length = items.length
      const args = addItem(items, record)
      if (typeof args !== 'number') {
        items.length = length
        return args
      }
      if (current.records === 0) {
        current.group = out.newGroup()
        current.spread = record.spread
        current.key.clear()
        current.key.add(nextKey.bytes, 0, nextKey.length)
      }
      current.records++
      current.args += args
      return current.group
    },
    flush,
  }
}

function isSame(a: ByteBuffer, b: ByteBuffer): boolean {
  return a.length === b.length && a.bytes.compare(b.bytes, 0, b.length, 0, a.length) === 0
}
