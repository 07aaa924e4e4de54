/** What keeps streams from being written as the configuration has it, found before the first record. */
import { parseTemplate } from '../config/template.ts'
import { OWN_KEYS } from './keys.ts'
import type { StreamPlan } from './plan.ts'

/** Each as a clause that names its streams. */
export function problemsOf(plans: readonly StreamPlan[]): string[] {
  return [
    ...plans.filter(isReserved).map(reserved),
    ...sharedKeys(plans, ({ baseKey }) => baseKey),
    ...sharedKeys(plans, keyShape),
    ...plans.flatMap((plan) => takenCounters(plan, plans)),
    ...plans.flatMap(missingPrimaryKey),
    ...plans.flatMap(unknownColumns),
    ...plans.flatMap(impossibleReplacement),
  ]
}

function isReserved(plan: StreamPlan): boolean {
  const own = plan.settings.keyPrefix + OWN_KEYS
  return plan.baseKey.startsWith(own) || keyShape(plan).startsWith(own)
}

function reserved({ name }: StreamPlan): string {
  return `the keys of ${name} would be among the connector's own (${OWN_KEYS}…)`
}

function sharedKeys(plans: readonly StreamPlan[], keyOf: (plan: StreamPlan) => string): string[] {
  const owners = new Map<string, StreamPlan>()
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
  }
  return problems
}

/** The key with its columns left open: streams for which it is the same may write the same keys. */
function keyShape({ keyTemplate, settings, stream }: StreamPlan): string {
  const parts = parseTemplate(keyTemplate).map((part) => {
    switch (part.kind) {
      case 'text':
        return part.text
      case 'namespace':
        return stream.namespace
      case 'stream':
        return stream.name
      default:
        return '${…}'
    }
  })
  return settings.keyPrefix + parts.join('')
}

/** A key that holds the number of the last record can hold no records. */
function takenCounters(plan: StreamPlan, plans: readonly StreamPlan[]): string[] {
  const owner = plans.find(({ counterKey, layout }) => layout.usesIds && counterKey === keyShape(plan))
  return owner === undefined
    ? []
    : [`${plan.name} would write the key ${owner.counterKey}, where the records of ${owner.name} are counted`]
}

function mayShare({ settings: { cacheType, dataFormat, onUpdate } }: StreamPlan): boolean {
  return cacheType === 'hash' && dataFormat === 'flat' && onUpdate === 'merge'
}

/** Names and namespaces may hold the separators of any shorter form. */
function describe({ stream: { name, namespace } }: StreamPlan): string {
  return `stream ${JSON.stringify(name)} of namespace ${JSON.stringify(namespace)}`
}

function missingPrimaryKey({ keyTemplate, stream, name }: StreamPlan): string[] {
  const isNeeded = parseTemplate(keyTemplate).some(({ kind }) => kind === 'primary_key')
  return isNeeded && stream.primaryKey.length === 0
    ? [`${name} has no primary key, which its key_template names; choose one, or name columns instead`]
    : []
}

/** Where the source declares the columns of a stream, a template with another one can only be a mistake. */
function unknownColumns({ keyTemplate, settings, stream, name }: StreamPlan): string[] {
  const { columns } = stream
  if (columns === undefined) return []
  const templates = { key_template: keyTemplate, hash_field: settings.hashField, member: settings.member }
  return Object.entries(templates).flatMap(([option, template]) =>
    parseTemplate(template ?? '').flatMap((part) =>
      part.kind === 'column' && !columns.has(part.path) && !columns.has(part.path.split('.')[0]!)
        ? [`${name} has no column ${part.path}, which its ${option} names`]
        : [],
    ),
  )
}

function impossibleReplacement({ replaces, settings, keyTemplate, name }: StreamPlan): string[] {
  if (!replaces) return []
  const { cacheType, writeCondition } = settings
  if (writeCondition !== 'always')
    return [
      `${name} is to be overwritten, which the write_condition ${writeCondition} would keep from happening`,
    ]
  const isById = keyTemplate === '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}'
  return isById
    ? []
    : [
        `${name} is to be overwritten, which this version can do only with keys by _airbyte_ab_id; use append with cache_type ${cacheType}`,
      ]
}
