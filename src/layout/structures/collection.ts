/**
 * What the structures with many records under one key have in common: records that follow each other under the same
 * key go out in one command, and the key's time to live is renewed with them.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import type { Script } from '../../redis/commands/row-scripts.ts'
import { spreadOut } from '../fields/expiry.ts'
import type { Delivery, Layout, RecordView, Refusal } from '../encoding/layout.ts'
import { CommandGroups } from '../encoding/command-groups.ts'
import type { KeyTemplate } from '../fields/column-template.ts'

/** Enough to make the command's overhead small, few enough not to hold up other clients. */
const MOST_IN_COMMAND = 500

export interface CollectionParts {
  /** The command, and what stands in front of its key, and between that and what is put in. */
  command: string
  beforeKey?: readonly string[]
  options: readonly string[]
  /** Records that one command may put in; as many as make sense where nothing is given. */
  mostInCommand?: number
  delivery: Delivery
  usesIds: boolean
  usesColumns: boolean
  isConditional: boolean
  script?: Script | undefined
  overhead: number
  /** Adds the arguments that put the record in; gives how many, or why there are none. */
  addItem: (items: CommandGroups, record: RecordView) => number | Refusal
  /** What is different on the servers that there are, where these are too old for it. */
  onOlder?: () =>
    Partial<Pick<CollectionParts, 'command' | 'beforeKey' | 'options' | 'mostInCommand'>> | undefined
  /** A command to follow, given the key. */
  afterwards?: readonly [command: string, ...args: string[]] | undefined
}

export function collectionLayout(settings: RecordSettings, key: KeyTemplate, parts: CollectionParts): Layout {
  const { ttlSeconds, ttlJitterPercent } = settings
  const { addItem, afterwards, onOlder } = parts
  const run = { key: new ByteBuffer(Buffer.allocUnsafeSlow(256)), records: 0, args: 0, group: 0, spread: 0 }
  const items = new CommandGroups(Buffer.allocUnsafeSlow(1 << 16))
  const nextKey = new ByteBuffer(Buffer.allocUnsafeSlow(256))

  function flush(out: CommandGroups): void {
    if (run.records === 0) return
    const older = onOlder?.()
    const beforeKey = older?.beforeKey ?? parts.beforeKey ?? []
    const options = older?.options ?? parts.options
    out.begin(older?.command ?? parts.command, beforeKey.length + 1 + options.length + run.args)
    out.writes(run.group)
    for (const word of beforeKey) out.textArgument(word)
    out.key(run.key.bytes, 0, run.key.length)
    for (const option of options) out.textArgument(option)
    out.add(items.bytes, 0, items.length)
    if (afterwards !== undefined) follow(out, afterwards)
    if (ttlSeconds > 0) follow(out, ['PEXPIRE', String(spreadOut(ttlSeconds, ttlJitterPercent, run.spread))])
    items.clear()
    run.records = run.args = 0
  }

  function mostInCommand(): number {
    return onOlder?.()?.mostInCommand ?? parts.mostInCommand ?? MOST_IN_COMMAND
  }

  function follow(out: CommandGroups, [name, ...args]: readonly [command: string, ...args: string[]]): void {
    out.begin(name, 1 + args.length)
    out.key(run.key.bytes, 0, run.key.length)
    for (const arg of args) out.textArgument(arg)
  }

  return {
    delivery: ttlSeconds > 0 && parts.delivery === 'each' ? 'together' : parts.delivery,
    overhead: parts.overhead,
    usesIds: parts.usesIds || key.usesIds,
    usesColumns: parts.usesColumns || key.usesColumns,
    isConditional: parts.isConditional,
    script: parts.script,
    write(out, record) {
      nextKey.clear()
      const problem = key.render(record, nextKey)
      if (problem !== undefined) return problem
      if (run.records === mostInCommand() || !isSame(nextKey, run.key)) flush(out)
      const length = items.length
      const args = addItem(items, record)
      if (typeof args === 'string') {
        items.length = length
        return args
      }
      if (run.records === 0) {
        run.group = out.newGroup()
        run.spread = record.spread
        run.key.clear()
        run.key.add(nextKey.bytes, 0, nextKey.length)
      }
      run.records++
      run.args += args
      return run.group
    },
    flush,
  }
}

function isSame(a: ByteBuffer, b: ByteBuffer): boolean {
  return a.length === b.length && a.bytes.compare(b.bytes, 0, b.length, 0, a.length) === 0
}
