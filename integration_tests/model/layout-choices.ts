// The layouts of the random cases, each with the sync modes that work with it.
import type { LayoutOptions, Mode } from './options.ts'

export interface LayoutChoice {
  options: LayoutOptions
  modes: Mode[]
  /** Whether keys and members name the columns `group` and `id`, so that the primary key has to be both. */
  isGrouped?: boolean
}

const ROW = '${_airbyte_primary_key}'
const GROUP = 'g/${_airbyte_stream}/${group}'
const APPENDED: Mode[] = ['append', 'overwrite']
const ALL: Mode[] = ['append', 'append_dedup', 'overwrite', 'update', 'soft_delete']
const WITHOUT_SOFT_DELETE: Mode[] = ['append', 'append_dedup', 'overwrite', 'update']

export const LAYOUTS: LayoutChoice[] = [
  { options: {}, modes: APPENDED },
  { options: {}, modes: ['append_dedup', 'update', 'soft_delete'] },
  { options: { key_template: 'i/${_airbyte_stream}/${_airbyte_ab_id}' }, modes: APPENDED },
  { options: { key_template: `r/\${_airbyte_stream}/{${ROW}}` }, modes: ALL },
  { options: { data_format: 'flat' }, modes: ALL },
  {
    options: { data_format: 'flat', on_update: 'merge' },
    modes: ['append', 'overwrite', 'update', 'soft_delete'],
  },
  { options: { data_format: 'flat', key_template: `${GROUP}/\${id}` }, modes: ALL, isGrouped: true },
  { options: { cache_type: 'string' }, modes: APPENDED },
  { options: { cache_type: 'string', data_format: 'json' }, modes: ALL },
  { options: { cache_type: 'string', data_format: 'raw', value_field: 'n' }, modes: WITHOUT_SOFT_DELETE },
  { options: { hash_field: ROW }, modes: ALL },
  { options: { hash_field: '${id}', key_template: GROUP }, modes: ALL, isGrouped: true },
  { options: { hash_field: ROW, data_format: 'raw', value_field: 'n' }, modes: WITHOUT_SOFT_DELETE },
  { options: { cache_type: 'list' }, modes: APPENDED },
  {
    options: { cache_type: 'list', data_format: 'json', list_operation: 'prepend', max_length: 4 },
    modes: APPENDED,
  },
  { options: { cache_type: 'list', data_format: 'json', key_template: GROUP }, modes: APPENDED },
  { options: { cache_type: 'list', member: '${id}/${group}', max_length: 5 }, modes: APPENDED },
  { options: { cache_type: 'list', data_format: 'raw', value_field: 'n' }, modes: APPENDED },
  { options: { cache_type: 'set' }, modes: APPENDED },
  { options: { cache_type: 'set', data_format: 'json' }, modes: APPENDED },
  { options: { cache_type: 'set', data_format: 'raw', value_field: 'n' }, modes: APPENDED },
  { options: { cache_type: 'set', member: ROW }, modes: ['append', 'append_dedup', 'overwrite'] },
  {
    options: { cache_type: 'set', member: '${id}', key_template: GROUP },
    modes: ['append', 'append_dedup', 'overwrite'],
    isGrouped: true,
  },
  { options: { cache_type: 'sorted_set' }, modes: APPENDED },
  { options: { cache_type: 'sorted_set', data_format: 'json', score_field: 'n' }, modes: APPENDED },
  {
    options: { cache_type: 'sorted_set', member: ROW, score_field: 'n' },
    modes: ['append', 'append_dedup', 'overwrite', 'update'],
  },
  {
    options: { cache_type: 'sorted_set', member: '${id}', key_template: GROUP },
    modes: ['append', 'append_dedup', 'overwrite'],
    isGrouped: true,
  },
  { options: { cache_type: 'stream' }, modes: APPENDED },
  {
    options: { cache_type: 'stream', data_format: 'flat', max_length: 5, stream_trim: 'exact' },
    modes: APPENDED,
  },
  { options: { cache_type: 'stream', data_format: 'flat', key_template: GROUP }, modes: APPENDED },
]
