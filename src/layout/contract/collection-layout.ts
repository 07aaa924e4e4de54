/**
 * The layout of structures with many records under one key: consecutive records of one key are written by one command,
 * and the key's time to live is renewed after it.
 */
import { areSame, ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Capabilities } from '../../redis/commands/capabilities.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Script } from '../../redis/commands/script.ts'
import { TAKE_OVER_SCRIPT } from '../../redis/commands/take-over-script.ts'
import { spreadOut } from '../fields/expiry.ts'
import type { DeliveryMode, Layout, LayoutSettings, RecordView, Refusal } from '../encoding/layout.ts'
import type { CommandGroups } from '../encoding/command-groups.ts'
import { programOf, type ProgramArgument } from '../encoding/record-program.ts'
import type { KeyTemplate } from '../fields/column-template.ts'
import { CONDITIONAL_LIFETIME_SCRIPT, LIFETIME_SCRIPT } from '../../redis/commands/lifetime-script.ts'

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
  /**
   * Whether the command is a script that sets the time to live itself, because it alone knows whether it has written
   * something. It takes `keep`, `never` or milliseconds as the first of its options.
   */
  takesLifetime?: boolean
}

export interface CollectionLayoutOptions extends CollectionCommand {
  /** The reply of TYPE for the keys. */
  type: string
  deliveryMode: DeliveryMode
  usesIds: boolean
  usesColumns: boolean
  isConditional: boolean
  /** Whether some records of a command may be left out while the key exists. */
  hasCountedCondition?: boolean
  scripts?: readonly Script[]
  overhead: number
  /** The same arguments for record programs, where they can express them. */
  items?: readonly ProgramArgument[] | undefined
  /** Adds the arguments of a record and returns how many there are, or why there are none. */
  addItem: (items: CommandBuffer, record: RecordView) => number | Refusal
  /** Returns the changes for servers that lack a feature. */
  onOlder?: (capabilities: Capabilities) => Partial<CollectionCommand> | undefined
  /** A command that follows on the same key, without the key. */
  afterwards?: readonly [command: string, ...args: string[]] | undefined
}

export function collectionLayout(
  settings: LayoutSettings,
  key: KeyTemplate,
  options: CollectionLayoutOptions,
): Layout {
  const { ttlSeconds } = settings
  const { addItem, afterwards, onOlder } = options
  const lifetimeFor = lifetimeOf(settings)
  const mostRecords = options.mostInCommand ?? MOST_IN_COMMAND
  const current = {
    key: new ByteBuffer(Buffer.allocUnsafeSlow(256)),
    records: 0,
    args: 0,
    group: 0,
    spread: 0,
    takesOver: false,
  }
  const items = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
  const nextKey = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  let last: (WriteCommand & CommandConditions) | undefined

  function flush(out: CommandGroups): void {
    if (current.records === 0) return
    const lifetime = lifetimeFor?.(current.spread)
    const write = commandFor(out.capabilities, lifetime)
    out.begin(write.command, write.beforeKey.length + 1 + write.options.length + current.args)
    out.writes(current.group)
    for (const argument of write.beforeKey) out.textArgument(argument)
    out.key(current.key.bytes, 0, current.key.length)
    for (const argument of write.options) out.textArgument(argument)
    out.add(items.bytes, 0, items.length)
    if (afterwards !== undefined) follow(out, afterwards[0], [], afterwards.slice(1))
    if (lifetime !== undefined && !write.setsLifetime)
      follow(out, 'EVAL', [LIFETIME_SCRIPT, '1'], [lifetime, options.type])
    items.clear()
    current.records = current.args = 0
  }

  /** Returns the command, which nearly always is the one before. */
  function commandFor(capabilities: Capabilities, lifetime: string | undefined): WriteCommand {
    const { takesOver } = current
    if (
      last === undefined ||
      last.lifetime !== lifetime ||
      last.takesOver !== takesOver ||
      last.capabilities !== capabilities
    )
      last = {
        ...commandWith({ ...options, ...onOlder?.(capabilities) }, lifetime),
        capabilities,
        lifetime,
        takesOver,
      }
    return last
  }

  /** Returns the command, so that it sets the time to live if that depends on its condition. */
  function commandWith(
    { command, beforeKey = [], options: own, takesLifetime = false }: CollectionCommand,
    lifetime: string | undefined,
  ): WriteCommand {
    if (takesLifetime)
      return { command, beforeKey, options: [lifetime ?? 'keep', ...own], setsLifetime: true }
    if (current.takesOver)
      return {
        command: 'EVAL',
        beforeKey: [TAKE_OVER_SCRIPT, '1'],
        options: [options.type, command, ...own],
        setsLifetime: false,
      }
    if (lifetime === undefined || options.hasCountedCondition !== true)
      return { command, beforeKey, options: own, setsLifetime: false }
    return {
      command: 'EVAL',
      beforeKey: [CONDITIONAL_LIFETIME_SCRIPT, '1'],
      options: [lifetime, command, ...own],
      setsLifetime: true,
    }
  }

  function mostInCommand({ capabilities }: CommandGroups): number {
    return onOlder?.(capabilities)?.mostInCommand ?? mostRecords
  }

  function follow(
    out: CommandGroups,
    name: string,
    beforeKey: readonly string[],
    args: readonly string[],
  ): void {
    out.begin(name, beforeKey.length + 1 + args.length)
    for (const arg of beforeKey) out.textArgument(arg)
    out.key(current.key.bytes, 0, current.key.length)
    for (const arg of args) out.textArgument(arg)
  }

  return {
    // A key that was written without its time to live would never expire.
    deliveryMode:
      ttlSeconds > 0 && options.deliveryMode === 'pipeline' ? 'transaction' : options.deliveryMode,
    overhead: options.overhead,
    usesIds: options.usesIds || key.usesIds,
    usesColumns: options.usesColumns || key.usesColumns,
    usesColumnsBesideKey: options.usesColumns,
    isConditional: options.isConditional,
    expiryUnits: undefined,
    scripts: options.scripts ?? [],
    program:
      options.isConditional ||
      options.beforeKey !== undefined ||
      options.takesLifetime === true ||
      afterwards !== undefined ||
      lifetimeFor !== undefined ||
      (mostRecords > 1 && !key.isConstant)
        ? undefined
        : programOf({
            command: options.command,
            key: key.argument,
            options: options.options,
            items: options.items,
            mostRecords,
          }),
    write(out, record) {
      const size = items.length + record.dataEnd - record.dataStart
      const isFull = size > MOST_BYTES_OF_SEVERAL || current.records === mostInCommand(out)
      if (isFull || record.takesOver !== current.takesOver) flush(out)
      if (current.records === 0 || !key.isConstant) {
        nextKey.clear()
        const refusal = key.render(record, nextKey)
        if (refusal !== undefined) return refusal
        if (!isSame(nextKey, current.key)) flush(out)
      }
      const length = items.length
      const args = addItem(items, record)
      if (typeof args !== 'number') {
        items.length = length
        return args
      }
      if (current.records === 0) {
        current.group = out.newGroup()
        current.spread = record.spread
        current.takesOver = record.takesOver
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

interface WriteCommand extends Required<Pick<CollectionCommand, 'command' | 'beforeKey' | 'options'>> {
  readonly setsLifetime: boolean
}

/** Holds what a command depends on: it is made anew when one of these changes. */
interface CommandConditions {
  readonly capabilities: Capabilities
  readonly lifetime: string | undefined
  readonly takesOver: boolean
}

/** Returns the time to live that a write sets, as a script takes it; undefined if keys keep the one that they have. */
function lifetimeOf({
  ttlSeconds,
  ttlJitterPercent,
  removesExpiry = false,
  clearsFormerExpiry = false,
}: LayoutSettings): ((spread: number) => string) | undefined {
  if (ttlSeconds > 0) return (spread) => String(spreadOut(ttlSeconds, ttlJitterPercent, spread))
  return removesExpiry || clearsFormerExpiry ? () => 'never' : undefined
}

function isSame(a: ByteBuffer, b: ByteBuffer): boolean {
  return a.length === b.length && areSame(a.bytes, 0, b.bytes, 0, a.length)
}
