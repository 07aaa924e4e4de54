/** What is to happen to each stream of the catalog, decided once before the first record. */
import type { Config } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import { hashLayout } from '../layout/hash.ts'
import type { Layout } from '../layout/layout.ts'
import type { SyncStream } from '../protocol/catalog.ts'
import { displayName, type StreamDescriptor } from '../protocol/descriptor.ts'

export interface StreamPlan {
  /** Its place in the catalog. */
  index: number
  stream: StreamDescriptor
  /** For people. */
  name: string
  /** `<prefix><namespace>:<stream>`: the counter's key, and the beginning of every record's. */
  baseKey: string
  /** The connector's own notes on the stream, a hash. */
  notesKey: string
  layout: Layout
  /** Whether what was there before the run is removed when it has ended well. */
  replaces: boolean
  /** Ids whose record would take the key of another stream's counter; rising. */
  foreignIds: number[]
}

/** The connector's own keys begin with this, behind the prefix. */
const OWN_KEYS = '_airbyte:'

/** Throws one ConfigError that names every stream that cannot be written beside the others. */
export function planStreams(streams: readonly SyncStream[], config: Config): StreamPlan[] {
  const plans = streams.map((stream, index) => planStream(stream, index, config.keyPrefix))
  const problems = [...reservedNames(plans, config.keyPrefix), ...sharedKeys(plans)]
  if (problems.length > 0)
    throw new ConfigError(
      `The catalog cannot be written: ${problems.join('; ')}. Rename one, or sync it apart.`,
    )
  noteForeignIds(plans)
  return plans
}

function planStream(stream: SyncStream, index: number, prefix: string): StreamPlan {
  const base = `${stream.namespace}:${stream.name}`
  return {
    index,
    stream,
    name: displayName(stream),
    baseKey: prefix + base,
    notesKey: `${prefix}${OWN_KEYS}stream:${base}`,
    layout: hashLayout(prefix + base),
    replaces: stream.mode === 'overwrite',
    foreignIds: [],
  }
}

function reservedNames(plans: StreamPlan[], prefix: string): string[] {
  return plans
    .filter(({ baseKey }) => baseKey.startsWith(prefix + OWN_KEYS))
    .map(({ name }) => `the keys of ${name} would be among the connector's own (${OWN_KEYS}…)`)
}

function sharedKeys(plans: StreamPlan[]): string[] {
  const owners = new Map<string, StreamPlan>()
  const problems: string[] = []
  for (const plan of plans) {
    const owner = owners.get(plan.baseKey)
    if (owner === undefined) owners.set(plan.baseKey, plan)
    else problems.push(`${describe(owner)} and ${describe(plan)} would both use the key ${plan.baseKey}`)
  }
  return problems
}

/** Names and namespaces may hold the separators of any shorter form. */
function describe({ stream: { name, namespace } }: StreamPlan): string {
  return `stream ${JSON.stringify(name)} of namespace ${JSON.stringify(namespace)}`
}

/** `a:2024` beside `a`: the record 2024 of `a` would take the key of the other's counter. */
function noteForeignIds(plans: StreamPlan[]): void {
  const byBase = new Map(plans.map((plan) => [plan.baseKey, plan]))
  for (const { baseKey } of plans) {
    const [, base, id] = /^(.*):([1-9]\d{0,15})$/s.exec(baseKey) ?? []
    if (base !== undefined) byBase.get(base)?.foreignIds.push(Number(id))
  }
  for (const plan of plans) plan.foreignIds.sort((a, b) => a - b)
}
