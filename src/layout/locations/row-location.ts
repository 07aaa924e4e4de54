/**
 * Row locations: where rows are. The location of a row is its key; or its key and its member or field, if rows that
 * share a key can be told apart.
 */
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { translate } from '../../redis/commands/capabilities.ts'
import type { LayoutOptions, MemberForm, Structure } from '../contract/structure.ts'
import type { CommandGroups } from '../encoding/command-groups.ts'
import type { RecordView, Refusal } from '../encoding/layout.ts'
import { ColumnTemplate } from '../fields/column-template.ts'

/** What follows from the text of a location. */
export interface LocationForm {
  /** A cache type, or `member of <cache type>`. */
  readonly name: string
  /** The reply of TYPE for the keys. */
  readonly type: string
  /** Returns the key in a location. */
  key(location: string): string
  /** Adds the command that removes a row; or has its key expire after so many milliseconds. */
  remove(out: CommandGroups, location: string, afterMs?: number): void
  /** Adds the commands that remove many rows; one key at a time if the keys are in many slots. */
  removeAll(out: CommandGroups, locations: readonly string[], isOneByOne?: boolean): void
}

export interface RowLocator {
  readonly form: LocationForm
  /** The only location, if all records have the same one. */
  readonly only: string | undefined
  /** Whether locations are known only after ids were allocated. */
  readonly usesIds: boolean
  /** Adds the location of the record, or returns why it has none. */
  locate(record: RecordView, out: ByteBuffer): Refusal | undefined
}

/** Returns locations that are keys. */
export function locateByKey({ cacheType, type }: Structure, template: ColumnTemplate): RowLocator {
  return {
    form: keyForm(cacheType, type),
    only: template.isConstant ? template.lead.toString() : undefined,
    usesIds: template.usesIds,
    locate: (record, out) => template.render(record, out),
  }
}

/** Returns locations of members and fields: `<length of the key>:<key><member>`. */
export function locateByMember(
  { cacheType, type }: Structure,
  rows: MemberForm,
  { settings, stream, key: keyTemplate }: LayoutOptions,
): RowLocator {
  const member = new ColumnTemplate(rows.option, rows.template(settings)!, stream, settings)
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  return {
    form: memberForm(cacheType, type, rows.removal),
    only: undefined,
    usesIds: keyTemplate.usesIds || member.usesIds,
    locate(record, out) {
      key.clear()
      const refusal = keyTemplate.render(record, key)
      if (refusal !== undefined) return refusal
      // The length comes first, because keys may hold any separator; in characters, because locations are read as text.
      out.addText(`${key.bytes.toString('utf8', 0, key.length).length}:`)
      out.add(key.bytes, 0, key.length)
      return member.render(record, out)
    },
  }
}

export function keyForm(name: string, type: string): LocationForm {
  return {
    name,
    type,
    key: (location) => location,
    remove(out, location, afterMs) {
      if (afterMs === undefined) unlinkAll(out, [location])
      else out.command('PEXPIRE', location, String(afterMs))
    },
    removeAll: unlinkAll,
  }
}

export function memberForm(cacheType: string, type: string, removal: string): LocationForm {
  return {
    name: `member of ${cacheType}`,
    type,
    key: (location) => split(location)[0],
    remove: (out, location) => out.command(removal, ...split(location)),
    removeAll: (out, locations) => {
      for (const location of locations) out.command(removal, ...split(location))
    },
  }
}

/** Limit of keys in one UNLINK: longer commands save no more overhead, and block other clients. */
const KEYS_PER_COMMAND = 500

export function unlinkAll(out: CommandGroups, keys: readonly string[], isOneByOne = false): void {
  const count = isOneByOne ? 1 : KEYS_PER_COMMAND
  for (let start = 0; start < keys.length; start += count) {
    const [command, args] = translate('UNLINK', keys.slice(start, start + count), out.capabilities)
    out.command(command, ...args)
  }
}

function split(location: string): [key: string, member: string] {
  const start = location.indexOf(':') + 1
  const end = start + Number(location.slice(0, start - 1))
  return [location.slice(start, end), location.slice(end)]
}
