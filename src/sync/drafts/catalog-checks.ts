/** Finds every reason why the streams of a catalog cannot be written with this configuration. */
import { parseTemplate } from '../../config/settings/template.ts'
import { problem, type Problem } from '../../errors.ts'
import { OWN_KEYS } from './internal-keys.ts'
import { createLayout } from '../../layout/registry/create-layout.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import { unknownColumns } from './column-checks.ts'
import { syncModeProblems } from './sync-mode-checks.ts'
import type { StreamDraft } from './stream-draft.ts'

/** Each problem names its streams. */
export function catalogProblems(drafts: readonly StreamDraft[]): Problem[] {
  return [
    // A column that is misspelt may be the cause of the others.
    ...drafts.flatMap(unknownColumns),
    ...drafts.filter(isReserved).map(reservedKeys),
    ...sharedBaseKeys(drafts),
    ...sharedKeys(drafts),
    ...counterKeyConflicts(drafts),
    ...drafts.flatMap(missingPrimaryKey),
    ...drafts.flatMap(syncModeProblems),
  ]
}

function isReserved(draft: StreamDraft): boolean {
  const own = draft.settings.keyPrefix + OWN_KEYS
  return draft.baseKey.startsWith(own) || keyShape(draft).startsWith(own)
}

function reservedKeys({ name }: StreamDraft): Problem {
  return problem(
    'keys-reserved',
    `Keys of the stream ${name} would start with ${OWN_KEYS}, which is reserved for keys of the connector.`,
    { options: ['key_template'], params: { stream: name } },
  )
}

/** The base key is the counter of a stream, so that two streams would count each other's records. */
function sharedBaseKeys(drafts: readonly StreamDraft[]): Problem[] {
  return pairsWithSame(drafts, ({ baseKey }) => baseKey).map(([one, other]) =>
    problem(
      'base-key-shared',
      `${capitalized(describe(one))} and ${describe(other)} would both use the key ${other.baseKey}.`,
      { options: ['key_prefix'], params: { stream: one.name, other: other.name, key: other.baseKey } },
    ),
  )
}

function sharedKeys(drafts: readonly StreamDraft[]): Problem[] {
  return pairsWithSame(drafts, keyShape)
    .filter(([one, other]) => one.baseKey !== other.baseKey)
    .flatMap(([one, other]) => {
      const key = keyShape(other)
      if (mayShare(one) && mayShare(other))
        return [one, other].filter(({ replaces }) => replaces).map((draft) => replacedSharedKeys(draft, key))
      return [
        problem(
          'keys-shared',
          `${capitalized(describe(one))} and ${describe(other)} would both write the keys ${key}; only streams with ` +
            'data_format flat and on_update merge may write the same keys.',
          {
            options: ['key_template', 'data_format', 'on_update'],
            params: { stream: one.name, other: other.name, key },
          },
        ),
      ]
    })
}

function replacedSharedKeys(draft: StreamDraft, key: string): Problem {
  return problem(
    'replaced-keys-shared',
    `${capitalized(describe(draft))} is to be replaced, but other streams also write the keys ${key}, and their ` +
      'columns would be deleted; use append.',
    { options: ['key_template'], params: { stream: draft.name, key } },
  )
}

/** Returns each draft that has the same key as an earlier one, behind that one. */
function pairsWithSame(
  drafts: readonly StreamDraft[],
  keyOf: (draft: StreamDraft) => string,
): [one: StreamDraft, other: StreamDraft][] {
  const first = new Map<string, StreamDraft>()
  return drafts.flatMap((draft): [StreamDraft, StreamDraft][] => {
    const one = first.get(keyOf(draft))
    if (one === undefined) first.set(keyOf(draft), draft)
    return one === undefined ? [] : [[one, draft]]
  })
}

/** Returns the key with its columns left open: streams with the same shape may write the same keys. */
function keyShape({ keyTemplate, settings, stream }: StreamDraft): string {
  const ranges = parseTemplate(keyTemplate).map((range) => {
    switch (range.kind) {
      case 'text':
        return range.text
      case 'namespace':
        return stream.namespace
      case 'stream':
        return stream.name
      default:
        return '${…}'
    }
  })
  return settings.keyPrefix + ranges.join('')
}

/** A key that is the counter of a stream cannot contain records. */
function counterKeyConflicts(drafts: readonly StreamDraft[]): Problem[] {
  const owners = new Map<string, StreamDraft>()
  for (const draft of drafts)
    if (!owners.has(draft.counterKey) && usesIds(draft)) owners.set(draft.counterKey, draft)
  return drafts.flatMap((draft) => {
    const owner = owners.get(keyShape(draft))
    return owner === undefined ? [] : [counterKeyConflict(draft, owner)]
  })
}

function counterKeyConflict(draft: StreamDraft, owner: StreamDraft): Problem {
  return problem(
    'counter-key-conflict',
    `The stream ${draft.name} would write the key ${owner.counterKey}, which is the counter of the stream ${owner.name}.`,
    { options: ['key_template'], params: { stream: draft.name, other: owner.name, key: owner.counterKey } },
  )
}

function usesIds(draft: StreamDraft): boolean {
  return createLayout(draft).usesIds
}

function mayShare({ settings }: StreamDraft): boolean {
  return settings.onUpdate === 'merge' && structureOf(settings).mergeFormats.includes(settings.dataFormat)
}

/** Quotes name and namespace, as both may contain the separators of any shorter form. */
function describe({ stream: { name, namespace } }: StreamDraft): string {
  return `stream ${JSON.stringify(name)} of namespace ${JSON.stringify(namespace)}`
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function missingPrimaryKey({ keyTemplate, stream, name }: StreamDraft): Problem[] {
  // The checks of the other sync modes report a missing primary key themselves.
  if (stream.mode !== 'append' && stream.mode !== 'overwrite') return []
  const isNeeded = parseTemplate(keyTemplate).some(({ kind }) => kind === 'primary_key')
  return isNeeded && stream.primaryKey.length === 0
    ? [
        problem(
          'primary-key-missing-in-template',
          `The stream ${name} has no primary key, but its key_template contains \${_airbyte_primary_key}; ` +
            'choose a primary key, or use columns in the template.',
          { options: ['key_template'], params: { stream: name } },
        ),
      ]
    : []
}
