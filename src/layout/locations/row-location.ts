/**
 * Places: where rows are. A row's place is its key; or, where many rows share a key and can be told apart in it, the
 * key and the member or field.
 */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { worded } from '../../redis/commands/capabilities.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'
import type { CommandGroups } from '../encoding/command-groups.ts'
import { ColumnTemplate, type StreamNames } from '../fields/column-template.ts'

/** What places are, as far as their names alone tell. */
export interface LocationForm {
  readonly name: string
  /** What TYPE answers for their keys. */
  readonly kind: string
  /** The key of a place. */
  key(location: string): string
  /** Puts in the command that removes what is at a place; or that has its key end after so many milliseconds. */
  remove(out: CommandGroups, location: string, afterMs?: number): void
  /** Puts in the commands that remove what is at many places; one by one where keys are in many slots. */
  removeAll(out: CommandGroups, locator: readonly string[], isOneByOne?: boolean): void
}

export interface RowLocator {
  readonly form: LocationForm
  /** Where there is one place only, its name. */
  readonly only: string | undefined
  /** Whether names are known only when ids are. */
  readonly usesIds: boolean
  /** Adds the name of the record's place, or says why it has none. */
  name(record: RecordView, out: ByteBuffer): Refusal | undefined
}

/** Each key is a place, whatever is in it; its name is the key. */
export function locateByKey({ cacheType }: RecordSettings, template: ColumnTemplate): RowLocator {
  return {
    form: locationForm(cacheType),
    only: template.isConstant ? template.lead.toString() : undefined,
    usesIds: template.usesIds,
    name: (record, out) => template.render(record, out),
  }
}

/** Each member of a set, each field of a hash is a place; its name is `<length of the key>:<key><member>`. */
export function locateByMember(
  settings: RecordSettings,
  stream: StreamNames,
  keyTemplate: ColumnTemplate,
): RowLocator {
  const { cacheType, hashField, member: text } = settings
  const member = new ColumnTemplate(
    hashField === undefined ? 'member' : 'hash_field',
    (hashField ?? text)!,
    stream,
  )
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  return {
    form: locationForm(`member of ${cacheType}`),
    only: undefined,
    usesIds: keyTemplate.usesIds || member.usesIds,
    name(record, out) {
      key.clear()
      const problem = keyTemplate.render(record, key)
      if (problem !== undefined) return problem
      // In front, as keys may hold any separator; in characters, as a place's name is read as text.
      out.addText(`${key.bytes.toString('utf8', 0, key.length).length}:`)
      out.add(key.bytes, 0, key.length)
      return member.render(record, out)
    },
  }
}

const REMOVALS: Record<string, string> = { hash: 'HDEL', set: 'SREM', sorted_set: 'ZREM' }

/** `name`: a cache type, or `member of <cache type>`. */
export function locationForm(name: string): LocationForm {
  const cacheType = name.replace('member of ', '')
  const kind = cacheType === 'sorted_set' ? 'zset' : cacheType
  if (cacheType !== name)
    return {
      name,
      kind,
      key: (location) => split(location)[0],
      remove: (out, location) => out.command(REMOVALS[cacheType]!, ...split(location)),
      removeAll: (out, locator) => {
        for (const location of locator) out.command(REMOVALS[cacheType]!, ...split(location))
      },
    }
  return {
    name,
    kind,
    key: (location) => location,
    remove(out, location, afterMs) {
      if (afterMs === undefined) unlinkAll(out, [location])
      else out.command('PEXPIRE', location, String(afterMs))
    },
    removeAll: unlinkAll,
  }
}

/** Keys in one UNLINK: enough to make the command's overhead small, few enough not to hold up other clients. */
const KEYS_PER_COMMAND = 500

export function unlinkAll(out: CommandGroups, keys: readonly string[], isOneByOne = false): void {
  const atOnce = isOneByOne ? 1 : KEYS_PER_COMMAND
  for (let at = 0; at < keys.length; at += atOnce) {
    const [command, some] = worded('UNLINK', keys.slice(at, at + atOnce))
    out.command(command, ...some)
  }
}

function split(location: string): [key: string, member: string] {
  const start = location.indexOf(':') + 1
  const end = start + Number(location.slice(0, start - 1))
  return [location.slice(start, end), location.slice(end)]
}
