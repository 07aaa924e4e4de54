// Random streams: a layout, a sync mode, and options that fit both.
import { oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import { LAYOUTS, type LayoutChoice } from './layout-choices.ts'
import { isCollection, isUpdate, type LayoutOptions, type Mode, type Options } from './options.ts'
import type { RecordMaking } from './random-records.ts'
import { isBuilt } from './rules.ts'

/** What stays the same of a stream over the runs of a case. */
export interface StreamMaking extends RecordMaking {
  layout: LayoutChoice
  mode: Mode
  name: string
  namespace: string | undefined
  primaryKey: string[]
  cursor: string | undefined
  /** Options that are added to those of the layout. */
  added: LayoutOptions
}

export function makeStream(random: Random, at: number): StreamMaking {
  const layout = oneOf(random, LAYOUTS)
  const mode = oneOf(random, layout.modes)
  const isDeduplicated = mode === 'append_dedup'
  const withFaults = random() < 0.2 && (!isDeduplicated || isBuilt('dedup.unwritable'))
  return {
    layout,
    mode,
    name: `s${at}`,
    namespace: oneOf(random, ['n', 'n', undefined]),
    primaryKey:
      layout.isGrouped === true ? ['group', 'id'] : oneOf(random, [['id'], ['id'], ['group', 'id']]),
    cursor: random() < 0.8 ? 'c' : undefined,
    cursorKind: oneOf(random, ['numbers', 'timestamps', 'texts']),
    idKind: oneOf(random, ['numbers', 'texts']),
    faults: withFaults ? 0.1 : 0,
    deletes: oneOf(random, [0.1, 0.3]),
    added: makeAddedOptions(random, layout, mode),
  }
}

/** Returns options that fit the layout and the mode. */
function makeAddedOptions(random: Random, { options, modes }: LayoutChoice, mode: Mode): LayoutOptions {
  const { cache_type: cacheType = 'hash', data_format: format, member } = options
  const isShared = isCollection(options)
  const isWhole = member === undefined && format !== 'raw'
  // Updates of a layout without append begin with append_dedup.
  const isDeduplicated = mode === 'append_dedup' || !modes.includes('append')
  const mayFilter = !isDeduplicated || isBuilt('filter.dedup-removes')
  const mayCondition = mode === 'append' && ['hash', 'string'].includes(cacheType)
  const condition =
    mayCondition && random() < 0.15 ? oneOf(random, ['if_exists', 'if_absent'] as const) : undefined
  const isConditional = condition !== undefined || isUpdate({ name: '', mode })
  const mayExpire = !isConditional || !isShared || isBuilt('ttl.skipped')
  const isByTime = !isShared && random() < 0.12
  return {
    ...(isWhole && random() < 0.15
      ? { fields: ['id', 'group', { from: 'address.city', to: 'city' }, 'text'] }
      : {}),
    ...(mayFilter && random() < 0.12
      ? { record_filter: { field: 'kind', equals: filterValue(random) } }
      : {}),
    ...(isWhole && random() < 0.15 ? { keep_meta: true } : {}),
    ...(['list', 'stream'].includes(cacheType) && random() < 0.6 ? { on_retry: 'roll_back' as const } : {}),
    ...(isByTime ? { expire_at_field: 'until' } : {}),
    ...(!isByTime && mayExpire && random() < 0.25 ? { ttl_seconds: oneOf(random, [5000, 9000]) } : {}),
    ...(condition === undefined ? {} : { write_condition: condition }),
  }
}

function filterValue(random: Random): string {
  return oneOf(random, isBuilt('filter.text') ? ['keep', '1', '1.0'] : ['keep'])
}

/** Returns the options that all streams of a case share. */
export function makeOptions(random: Random, streams: StreamMaking[]): Options {
  const isDeduplicated = streams.some(({ mode }) => mode === 'append_dedup')
  const isShared = streams.some(({ layout }) => isCollection(layout.options))
  const isMember = streams.some(({ layout }) => layout.options.member !== undefined)
  const deleteMode = oneOf(random, [
    'hard',
    'hard',
    ...(isMember ? [] : ['soft' as const]),
    ...(isShared ? [] : ['ttl' as const]),
  ] as const)
  const hasCondition = streams.some(({ added }) => added.write_condition !== undefined)
  return {
    ...(random() < 0.3 ? { key_prefix: 'p:' } : {}),
    ...(isDeduplicated ? { delete_mode: deleteMode } : {}),
    ...(isDeduplicated && deleteMode === 'ttl' ? { delete_ttl_seconds: 3000 } : {}),
    ...(isDeduplicated && deleteMode === 'hard' && random() < 0.2 ? { tombstone_seconds: 0 } : {}),
    ...(!hasCondition && random() < 0.4 ? { track_keys: 'always' } : {}),
    on_record_error: 'dead_letter',
  }
}

/** Whether streams change their layout or sync mode. */
const mayChange = isBuilt('layout.replaced') && isBuilt('layout.append-refused') && isBuilt('mode.changed')

/** Returns the stream with another cursor column, or none, or with other options that are no part of its layout. */
export function adjusted(random: Random, making: StreamMaking): StreamMaking {
  const cursor = random() < 0.05 ? oneOf(random, ['c', 'number', undefined]) : making.cursor
  if (random() > 0.1) return { ...making, cursor }
  const { write_condition: condition } = making.added
  const { write_condition: _, ...added } = makeAddedOptions(random, making.layout, making.mode)
  return {
    ...making,
    cursor,
    added: { ...added, ...(condition === undefined ? {} : { write_condition: condition }) },
  }
}

/** Returns the stream with another layout, or another sync mode, or as it was. */
export function changed(
  random: Random,
  making: StreamMaking,
  { delete_mode: deleteMode }: Options,
): StreamMaking {
  if (!mayChange || isUpdate(making) || random() > 0.15) return making
  const fits = ({ options }: LayoutChoice) =>
    !(deleteMode === 'ttl' && isCollection(options)) &&
    !(deleteMode === 'soft' && options.member !== undefined)
  const layout = random() < 0.5 ? making.layout : oneOf(random, LAYOUTS.filter(fits))
  const modes = layout.modes.filter((mode) => !isUpdate({ name: '', mode }))
  if (modes.length === 0) return making
  const mode = oneOf(random, modes)
  const { write_condition: _, ...added } = makeAddedOptions(random, layout, mode)
  return {
    ...making,
    layout,
    mode,
    added,
    primaryKey: layout.isGrouped === true ? ['group', 'id'] : making.primaryKey,
  }
}

/** Later runs may have another time to live. */
export function laterOptions(random: Random, added: LayoutOptions, number: number): LayoutOptions {
  const kept = random() < 0.9 ? added : withoutRollBack(added)
  if (number === 0 || kept.ttl_seconds === undefined || random() < 0.7) return kept
  return { ...kept, ttl_seconds: oneOf(random, isBuilt('ttl.taken-away') ? [0, 5000, 9000] : [5000, 9000]) }
}

function withoutRollBack(added: LayoutOptions): LayoutOptions {
  return added.on_retry === undefined ? added : { ...added, on_retry: 'keep' }
}
