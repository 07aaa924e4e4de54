/** Decides how a run opens its stream: which generation it writes, what it keeps, and whether its rows are tracked. */
import { ConfigError, problem } from '../../errors.ts'
import {
  keepsOtherIndex,
  manifestField,
  manifestsIn,
  manifestText,
  type GenerationManifest,
  type GenerationRows,
} from './generation-manifest.ts'
import { decide, firstKeptOf, isOtherWriter, type Decision } from './replace-decision.ts'
import { isSameLayout, layoutOf, type LayoutDifference } from './stream-layout.ts'
import { IDS_AHEAD, FORMAT, numberIn, type MetadataChanges, type MetadataFields } from './stream-metadata.ts'
import { givesExpiry, type StreamPlan } from './stream-plan.ts'
import type { RunMetadata } from './stream-session.ts'

export interface OpenGeneration {
  readonly decision: Exclude<Decision['kind'], 'refuse'>
  /** Those of former generations and, at the end, that of this run. */
  readonly manifests: readonly GenerationManifest[]
  readonly runs: RunMetadata
  /** Whether the rows of this run are added to the key index. */
  readonly isTracked: boolean
  readonly changes: MetadataChanges
  /** Sentences for the log. */
  readonly warnings: readonly string[]
}

/** `lastId`: the highest id that was given out. `connection`: the name that the platform has for it. */
export function openGeneration(
  plan: StreamPlan,
  fields: MetadataFields,
  lastId: number,
  connection?: string,
): OpenGeneration {
  const { stream, replaces, isDeduplicated, name } = plan
  const former = manifestsIn(name, plan.metadataKey, fields)
  const layout = layoutOf(plan)
  const decision = decideFor(plan, former)
  const run = numberIn(fields, 'runs', plan) + 1
  const last = former.at(-1)
  const isNew =
    last === undefined ||
    decision.kind === 'replace' ||
    (decision.kind === 'append' && stream.generation !== undefined && stream.generation !== last.generation)
  const isOtherForm = last !== undefined && !isSameForm(plan, last)
  const isTracked = plan.mustTrack || (plan.mayTrack && isAllTracked(plan, fields, last))
  const rows = rowsOf(plan, former, { lastId, isTracked, isNew })
  const manifest: GenerationManifest = {
    firstRun: isNew || isOtherForm ? run : last.firstRun,
    generation: isNew ? stream.generation : last.generation,
    syncId: stream.syncId,
    connection,
    continues: isNew ? false : isOtherForm || last.continues,
    layout,
    keyForm: 'plain',
    form: plan.locator.form.name,
    rows,
    usesIds: plan.liveLayout.usesIds,
    hasRecords: !isNew && !isOtherForm && last.hasRecords,
    endedWell: false,
  }
  const manifests = [...former.filter(({ firstRun }) => firstRun !== manifest.firstRun), manifest]
  const cursor = stream.cursor?.path ?? ''
  const isSameCursor = fields.get('cursor') === cursor
  const isFindable =
    plan.idKeys !== undefined ||
    isTracked ||
    plan.locator.only !== undefined ||
    plan.settings.writeCondition === 'if_exists'
  const hasUntracked = fields.has('has_untracked') || !isFindable
  const hadUntracked = fields.has('had_untracked') || hasUntracked
  const staged = fields.has('staged_from_run') ? numberIn(fields, 'staged_from_run', plan) : undefined
  const keptFrom = replaces ? manifests[firstKeptOf(stream, manifests)]!.firstRun : 0
  return {
    decision: decision.kind,
    manifests,
    isTracked,
    runs: {
      run,
      keptFrom,
      cursorFrom: isSameCursor ? numberIn(fields, 'cursor_from_run', plan) : run,
      hasUntracked,
      hadUntracked,
      keepsOtherIndex: keepsOtherIndex(manifests, keptFrom),
      hadExpiry: fields.has('had_ttl'),
      hadMeta: fields.has('had_meta'),
      hadFields: fields.has('had_fields'),
      live: {
        oldest: numberIn(fields, 'live_oldest_run', plan),
        newest: numberIn(fields, 'live_newest_run', plan),
      },
      stagedFrom: staged,
    },
    changes: {
      format: FORMAT,
      runs: run,
      [manifestField(manifest)]: manifestText(manifest),
      ...(hasUntracked ? { has_untracked: 1 } : {}),
      ...(hadUntracked ? { had_untracked: 1 } : {}),
      ...(givesExpiry(plan) ? { had_ttl: 1 } : {}),
      ...(plan.settings.keepMeta ? { had_meta: 1 } : {}),
      ...(!isFindable && hasOwnFields(plan) ? { had_fields: 1 } : {}),
      ...(isDeduplicated && !isSameCursor ? { cursor, cursor_from_run: run } : {}),
      ...(isOtherForm ? { expiry_shards: '' } : {}),
      ...(manifest.usesIds ? { id_limit: lastId + IDS_AHEAD } : {}),
    },
    warnings: last === undefined ? [] : warningsOf(plan, decision, { former, last, connection }),
  }
}

/** Throws where the run would add records to rows of another layout. */
export function decideFor(
  plan: StreamPlan,
  manifests: readonly GenerationManifest[],
): Exclude<Decision, { kind: 'refuse' }> {
  const decision = decide(plan.stream, layoutOf(plan), manifests)
  if (decision.kind === 'refuse') throw layoutChanged(plan, decision.differences)
  return decision
}

/** Returns whether hashes get other fields than those of the format `airbyte`. */
function hasOwnFields({ settings: { cacheType, dataFormat, hashField } }: StreamPlan): boolean {
  return cacheType === 'hash' && (dataFormat === 'flat' || hashField !== undefined)
}

/** Returns whether the rows of a manifest are found in the same way as those of this run. */
function isSameForm(plan: StreamPlan, { layout, form, rows }: GenerationManifest): boolean {
  return (
    isSameLayout(layout, layoutOf(plan)) &&
    form === plan.locator.form.name &&
    (rows.kind === 'ids') === (plan.idKeys !== undefined)
  )
}

/** If only some rows of a stream were tracked, a later replace would remove the tracked ones alone. */
function isAllTracked(
  plan: StreamPlan,
  fields: MetadataFields,
  last: GenerationManifest | undefined,
): boolean {
  return (
    last !== undefined &&
    isSameForm(plan, last) &&
    last.rows.kind === 'index' &&
    last.rows.isComplete &&
    !fields.has('has_untracked')
  )
}

function rowsOf(
  plan: StreamPlan,
  former: readonly GenerationManifest[],
  { lastId, isTracked, isNew }: { lastId: number; isTracked: boolean; isNew: boolean },
): GenerationRows {
  const last = former.at(-1)
  const isSame = last !== undefined && isSameForm(plan, last)
  if (plan.idKeys !== undefined)
    return isSame && !isNew && last.rows.kind === 'ids' ? last.rows : { kind: 'ids', firstId: lastId + 1 }
  const isComplete = isTracked && (isNew || last?.rows.kind !== 'index' || last.rows.isComplete)
  if (isSame && last.rows.kind === 'index') return { ...last.rows, isComplete }
  const used = former.flatMap(({ rows }) => (rows.kind === 'index' ? [rows.index] : []))
  return { kind: 'index', index: used.length === 0 ? 0 : Math.max(...used) + 1, isComplete }
}

interface Earlier {
  former: readonly GenerationManifest[]
  last: GenerationManifest
  connection: string | undefined
}

function warningsOf(
  { name, stream }: StreamPlan,
  decision: Decision,
  { former, last, connection }: Earlier,
): string[] {
  const warnings: string[] = []
  if (isOtherWriter({ ...stream, connection }, former))
    warnings.push(
      `${name}: another connection has written this stream (generation ${last.generation ?? 'unknown'}, sync ${last.syncId ?? 'unknown'}). ` +
        'Each stream should have one connection only, as each full refresh removes what the other one wrote.',
    )
  if (decision.kind === 'go on' && decision.isComplete)
    warnings.push(
      `${name}: generation ${stream.generation} is complete already, so the records of this run are added to it, and ` +
        'nothing is removed.',
    )
  return warnings
}

function layoutChanged(
  { name, replaces }: StreamPlan,
  differences: readonly LayoutDifference[],
): ConfigError {
  const list = differences
    .map(({ option, former, now }) => `${option} was ${former} and is ${now}`)
    .join(', ')
  const options = differences.map(({ option }) => option).filter((option) => option !== 'primary_key')
  const advice = replaces
    ? 'This run would keep some of those rows'
    : 'Rows of two layouts would be mixed. Use the former configuration, or run a full refresh, which removes those rows'
  return new ConfigError(
    problem(
      'layout-changed',
      `Stream ${name} was written in another layout: ${list}. ${advice}; or set another key_prefix.`,
      {
        options: [...options, 'key_prefix'],
        params: { stream: name, differences: differences.map(({ option }) => option).join(', ') },
      },
    ),
  )
}
