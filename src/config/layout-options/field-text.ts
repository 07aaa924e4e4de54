/** Reads an item of `fields`: `column`, or `column -> name` for a column that is stored under another name. */
import type { RecordSettings } from '../settings/record-settings.ts'

type StoredField = NonNullable<RecordSettings['fields']>[number]

/** An arrow without a backslash before it, with one space on each side or none. */
const ARROW = / ?(?<!\\)-> ?/

/** Returns undefined where a name is empty, or there are several arrows. */
export function readField(text: string): StoredField | undefined {
  const [from, to = from, ...others] = text.split(ARROW).map((name) => name.replaceAll('\\->', '->'))
  return !from || !to || others.length > 0 ? undefined : { from, to }
}

/** Returns the text of `{"from": …, "to": …}`, the form of earlier configurations; every other value unchanged. */
export function fieldText(field: unknown): unknown {
  if (typeof field !== 'object' || field === null) return field
  const { from, to } = field as Record<string, unknown>
  return typeof from === 'string' && typeof to === 'string' ? `${escaped(from)} -> ${escaped(to)}` : field
}

function escaped(name: string): string {
  return name.replaceAll('->', '\\->')
}
