/** The layout of a stream as its manifest stores it: where its records are, and what they look like. */
import { idKeysOf, type IdKeys } from '../../layout/locations/id-keys.ts'
import type { StreamDraft } from '../drafts/stream-draft.ts'

/** Options that are absent are not set. */
export interface StreamLayout {
  readonly cache_type: string
  readonly data_format: string
  /** Without the prefix; the default where none is configured. */
  readonly key_template: string
  readonly hash_field?: string
  readonly member?: string
  readonly value_field?: string
  readonly root_field?: string
  /** The paths of the columns, joined with dots. */
  readonly primary_key: readonly string[]
}

/** An option whose value differs from that of the rows that are there. */
export interface LayoutDifference {
  readonly option: string
  readonly former: string
  readonly now: string
}

const OPTIONS = [
  'cache_type',
  'data_format',
  'key_template',
  'hash_field',
  'member',
  'value_field',
  'root_field',
] as const

export function layoutOf({
  settings,
  keyTemplate,
  stream,
}: Pick<StreamDraft, 'settings' | 'keyTemplate' | 'stream'>): StreamLayout {
  const { hashField, member, valueField, rootField } = settings
  return {
    cache_type: settings.cacheType,
    data_format: settings.dataFormat,
    key_template: keyTemplate,
    ...optional({ hash_field: hashField, member, value_field: valueField, root_field: rootField }),
    primary_key: stream.primaryKey.map((path) => path.join('.')),
  }
}

/** Returns the options that differ; an empty list where both layouts are the same. The order of columns is free. */
export function differencesOf(former: StreamLayout, now: StreamLayout): LayoutDifference[] {
  const differences = OPTIONS.filter((option) => former[option] !== now[option]).map((option) => ({
    option,
    former: former[option] ?? '(none)',
    now: now[option] ?? '(none)',
  }))
  const [before, after] = [former, now].map(({ primary_key: key }) => key.toSorted().join(', '))
  return before === after
    ? differences
    : [...differences, { option: 'primary_key', former: before || '(none)', now: after || '(none)' }]
}

export function isSameLayout(former: StreamLayout, now: StreamLayout): boolean {
  return differencesOf(former, now).length === 0
}

/** Returns what is around the id in keys that are made of ids alone; undefined for other layouts. */
export function idKeysIn(
  { key_template: template }: StreamLayout,
  { stream, settings }: Pick<StreamDraft, 'stream' | 'settings'>,
): IdKeys | undefined {
  return idKeysOf(template, stream, settings.keyPrefix)
}

function optional(values: Record<string, string | undefined>): Partial<StreamLayout> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
