/** Which options fit together: the tables of docs/configuration.md, and the rules that are no table. */
import {
  cacheTypeOf,
  dataFormatOf,
  type RecordOption,
  type RecordOptions,
  type Remark,
} from './record-options.ts'
import { listOr } from '../../wording.ts'
import type { CacheType, DataFormat, WriteCondition } from '../settings/record-settings.ts'

export interface Incompatibility extends Remark {
  /** The other one of a pair, where either could give way. */
  other?: RecordOption | undefined
}

interface Situation {
  options: RecordOptions
  cacheType: CacheType
  format: DataFormat
  /** Whether these are there, and where they belong. */
  hasHashField: boolean
  hasMember: boolean
}

interface Rule {
  option: RecordOption
  other?: RecordOption
  isBroken: (situation: Situation) => boolean
  text: (situation: Situation) => string
}

const PLACES: Partial<Record<RecordOption, readonly CacheType[]>> = {
  hash_field: ['hash'],
  member: ['list', 'set', 'sorted_set'],
  score_field: ['sorted_set'],
  list_operation: ['list'],
  max_length: ['list', 'stream'],
  stream_trim: ['stream'],
  expire_at_field: ['hash', 'string'],
}

const FORMATS: Record<CacheType | 'hash with hash_field', readonly DataFormat[]> = {
  hash: ['airbyte', 'flat'],
  'hash with hash_field': ['json', 'raw'],
  string: ['airbyte', 'json', 'raw'],
  list: ['airbyte', 'json', 'raw'],
  set: ['airbyte', 'json', 'raw'],
  sorted_set: ['airbyte', 'json', 'raw'],
  stream: ['airbyte', 'flat'],
}

const CONDITIONS: Record<CacheType, readonly WriteCondition[]> = {
  hash: ['always', 'if_exists', 'if_absent'],
  string: ['always', 'if_exists', 'if_absent'],
  list: ['always', 'if_exists'],
  set: ['always'],
  sorted_set: ['always', 'if_exists', 'if_absent'],
  stream: ['always', 'if_exists'],
}

const RULES: readonly Rule[] = [
  ...Object.keys(PLACES).map((option) => placeRule(option as RecordOption)),
  {
    option: 'data_format',
    other: 'hash_field',
    isBroken: (situation) => situation.hasHashField && !formatsFor(situation).includes(situation.format),
    text: ({ format }) =>
      `${format} is not possible with hash_field; use ${listOr(FORMATS['hash with hash_field'])}, or leave hash_field out`,
  },
  {
    option: 'data_format',
    isBroken: (situation) => !formatsFor(situation).includes(situation.format),
    text: ({ format, cacheType }) =>
      `${format} is not possible with cache_type ${cacheType}; use ${listOr(FORMATS[cacheType])}` +
      (cacheType === 'hash' ? ', or give a hash_field' : ''),
  },
  {
    option: 'on_update',
    isBroken: ({ options, cacheType, format }) =>
      options.on_update === 'merge' && !(cacheType === 'hash' && format === 'flat'),
    text: () => 'merge is possible only with cache_type hash and data_format flat; use replace',
  },
  {
    option: 'write_condition',
    isBroken: ({ options: { write_condition: condition }, cacheType }) =>
      condition !== undefined && isCondition(condition) && !CONDITIONS[cacheType].includes(condition),
    text: ({ options, cacheType }) =>
      `${options.write_condition} is not possible with cache_type ${cacheType}; use ${listOr(CONDITIONS[cacheType])}`,
  },
  {
    option: 'value_field',
    isBroken: ({ options, hasMember }) => options.value_field !== undefined && hasMember,
    text: () => 'has no effect beside member, which says what is put in; leave one of the two out',
  },
  {
    option: 'value_field',
    isBroken: ({ options, format }) => options.value_field !== undefined && format !== 'raw',
    text: ({ format }) => `is for data_format raw, and this is ${format}; leave it out, or use raw`,
  },
  {
    option: 'value_field',
    isBroken: (situation) =>
      situation.options.value_field === undefined &&
      situation.format === 'raw' &&
      !situation.hasMember &&
      formatsFor(situation).includes('raw'),
    text: () => 'is missing; give the column whose text data_format raw is to write',
  },
  {
    option: 'fields',
    isBroken: ({ options, hasMember }) => options.fields !== undefined && hasMember,
    text: () => 'has no effect beside member, which says what is put in; leave one of the two out',
  },
  {
    option: 'fields',
    isBroken: ({ options, format }) => options.fields !== undefined && format === 'raw',
    text: () => 'has no effect with data_format raw, which writes the value_field alone; leave it out',
  },
  {
    option: 'expire_at_field',
    isBroken: ({ options, hasHashField }) => options.expire_at_field !== undefined && hasHashField,
    text: () => 'is not possible with hash_field, where many records share one key; use ttl_seconds',
  },
  {
    option: 'expire_at_field',
    other: 'ttl_seconds',
    isBroken: ({ options }) => options.expire_at_field !== undefined && hasTtl(options),
    text: () => 'ttl_seconds already says how long a key stays; keep one of the two',
  },
  {
    option: 'ttl_jitter_percent',
    isBroken: ({ options }) => (options.ttl_jitter_percent ?? 0) > 0 && !hasTtl(options),
    text: () => 'there is no ttl_seconds to spread; give one above 0, or leave this out',
  },
  {
    option: 'stream_trim',
    isBroken: ({ options }) => options.stream_trim !== undefined && options.max_length === undefined,
    text: () => 'there is no max_length to trim to; give one, or leave this out',
  },
]

/** At most one problem an option. A word that there is not fits nothing, and is for the schema to refuse. */
export function findIncompatibilities(options: RecordOptions): Incompatibility[] {
  const [cacheType, format] = [cacheTypeOf(options), dataFormatOf(options)]
  if (!isCacheType(cacheType) || !isFormat(format)) return []
  const situation: Situation = {
    options,
    cacheType,
    format,
    hasHashField: options.hash_field !== undefined && belongs('hash_field', cacheType),
    hasMember: options.member !== undefined && belongs('member', cacheType),
  }
  const broken = RULES.filter((rule) => rule.isBroken(situation))
  const first = broken.filter(
    (rule, index) => index === broken.findIndex(({ option }) => option === rule.option),
  )
  return first.map(({ option, other, text }) => ({ option, other, text: text(situation) }))
}

function placeRule(option: RecordOption): Rule {
  return {
    option,
    isBroken: ({ options, cacheType }) => options[option] !== undefined && !belongs(option, cacheType),
    text: ({ cacheType }) =>
      `is for cache_type ${listOr(PLACES[option]!)}, and this is ${cacheType}; leave it out`,
  }
}

function belongs(option: RecordOption, cacheType: CacheType): boolean {
  return PLACES[option]!.includes(cacheType)
}

function formatsFor({ cacheType, hasHashField }: Situation): readonly DataFormat[] {
  return FORMATS[hasHashField ? 'hash with hash_field' : cacheType]
}

function isCacheType(word: string): boolean {
  return Object.hasOwn(CONDITIONS, word)
}

function isFormat(word: string): boolean {
  return Object.values<readonly string[]>(FORMATS).some((formats) => formats.includes(word))
}

function isCondition(word: string): boolean {
  return Object.values<readonly string[]>(CONDITIONS).some((conditions) => conditions.includes(word))
}

function hasTtl({ ttl_seconds: ttl = 0 }: RecordOptions): boolean {
  return ttl > 0
}
