/** What keeps streams from being written as the configuration has it, found before the first record. */
import { parseTemplate } from '../../config/settings/template.ts'
import { OWN_KEYS } from './internal-keys.ts'
import { createLayout } from '../../layout/registry/create-layout.ts'
import { structureOf } from '../../layout/registry/structures.ts'
import { modeProblems } from './sync-mode-checks.ts'
import type { StreamDraft } from './stream-draft.ts'

/** Each as a clause that names its streams. */
export function problemsOf(plans: readonly StreamDraft[]): string[] {
  return [
    ...plans.filter(isReserved).map(reserved),
    ...sharedKeys(plans, ({ baseKey }) => baseKey),
    ...sharedKeys(plans, keyShape),
    ...plans.flatMap((plan) => takenCounters(plan, plans)),
    ...plans.flatMap(missingPrimaryKey),
    ...plans.flatMap(unknownColumns),
    ...plans.flatMap(modeProblems),
  ]
}

function isReserved(plan: StreamDraft): boolean {
  const own = plan.settings.keyPrefix + OWN_KEYS
  return plan.baseKey.startsWith(own) || keyShape(plan).startsWith(own)
}

function reserved({ name }: StreamDraft): string {
  return `the keys of ${name} would be among the connector's own (${OWN_KEYS}…)`
}

function sharedKeys(plans: readonly StreamDraft[], keyOf: (plan: StreamDraft) => string): string[] {
  const owners = new Map<string, StreamDraft>()
  const problems: string[] = []
  for (const plan of plans) {
    const key = keyOf(plan)
    const owner = owners.get(key)
    if (owner === undefined) owners.set(key, plan)
    else if (keyOf !== keyShape)
      problems.push(`${describe(owner)} and ${describe(plan)} would both use the key ${key}`)
    else if (owner.baseKey !== plan.baseKey && !(mayShare(owner) && mayShare(plan)))
      problems.push(
        `${describe(owner)} and ${describe(plan)} would both write the keys ${key}, which only streams with ` +
          'data_format flat and on_update merge may',
      )
    else if (owner.baseKey !== plan.baseKey)
      problems.push(
        ...[owner, plan].filter(({ replaces }) => replaces).map((one) => replacesShared(one, key)),
      )
  }
  return problems
}

function replacesShared(plan: StreamDraft, key: string): string {
  return (
    `${describe(plan)} is to be replaced, and other streams write the keys ${key}, too, whose columns would go with ` +
    'it; use append'
  )
}

/** The key with its columns left open: streams for which it is the same may write the same keys. */
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

/** A key that holds the number of the last record can hold no records. */
function takenCounters(plan: StreamDraft, plans: readonly StreamDraft[]): string[] {
  const owner = plans.find((other) => usesIds(other) && other.counterKey === keyShape(plan))
  return owner === undefined
    ? []
    : [`${plan.name} would write the key ${owner.counterKey}, where the records of ${owner.name} are counted`]
}

function usesIds(draft: StreamDraft): boolean {
  return createLayout(draft).usesIds
}

function mayShare({ settings }: StreamDraft): boolean {
  return settings.onUpdate === 'merge' && structureOf(settings).mergeFormats.includes(settings.dataFormat)
}

/** Names and namespaces may hold the separators of any shorter form. */
function describe({ stream: { name, namespace } }: StreamDraft): string {
  return `stream ${JSON.stringify(name)} of namespace ${JSON.stringify(namespace)}`
}

function missingPrimaryKey({ keyTemplate, stream, name }: StreamDraft): string[] {
  // Modes that need one say so themselves.
  if (stream.mode !== 'append' && stream.mode !== 'overwrite') return []
  const isNeeded = parseTemplate(keyTemplate).some(({ kind }) => kind === 'primary_key')
  return isNeeded && stream.primaryKey.length === 0
    ? [`${name} has no primary key, which its key_template names; choose one, or name columns instead`]
    : []
}

/** Where the source declares the columns of a stream, a template with another one can only be a mistake. */
function unknownColumns({ keyTemplate, settings, stream, name }: StreamDraft): string[] {
  const { columns } = stream
  if (columns === undefined) return []
  const templates = { key_template: keyTemplate, hash_field: settings.hashField, member: settings.member }
  return Object.entries(templates).flatMap(([option, template]) =>
    parseTemplate(template ?? '').flatMap((range) =>
      range.kind === 'column' && !columns.has(range.path) && !columns.has(range.path.split('.')[0]!)
        ? [`${name} has no column ${range.path}, which its ${option} names`]
        : [],
    ),
  )
}
