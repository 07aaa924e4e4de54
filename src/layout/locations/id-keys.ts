/** Keys in which only the record id differs: `<lead><id><tail>`. */
import { parseTemplate } from '../../config/settings/template.ts'
import type { StreamNames } from '../fields/column-template.ts'

export interface IdKeys {
  lead: string
  tail: string
}

/** Returns undefined if the template names columns, or the id more than once. */
export function idKeysOf(
  template: string,
  { name, namespace }: Pick<StreamNames, 'name' | 'namespace'>,
  prefix: string,
): IdKeys | undefined {
  const sides = ['']
  for (const part of parseTemplate(template)) {
    switch (part.kind) {
      case 'id':
        sides.push('')
        break
      case 'text':
        sides[sides.length - 1] += part.text
        break
      case 'namespace':
        sides[sides.length - 1] += namespace
        break
      case 'stream':
        sides[sides.length - 1] += name
        break
      default:
        return undefined
    }
  }
  const [lead, tail, ...more] = sides
  return tail === undefined || more.length > 0 ? undefined : { lead: prefix + lead, tail }
}

/** Returns the id in a key. */
export function idIn(key: string, { lead, tail }: IdKeys): number | undefined {
  if (!key.startsWith(lead) || !key.endsWith(tail)) return undefined
  const id = key.slice(lead.length, key.length - tail.length)
  return /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined
}
