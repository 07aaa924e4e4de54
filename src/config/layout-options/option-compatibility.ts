/** Finds options that do not fit together, by the rules of the structures and those that all structures share. */
import { listOr } from '../../wording.ts'
import type { DataFormat } from '../settings/record-settings.ts'
import {
  selectStructure,
  STRUCTURE_OPTIONS,
  type StructureOption,
  type StructureRules,
} from '../settings/structure-rules.ts'
import {
  cacheTypeOf,
  dataFormatOf,
  type OptionProblem,
  type RecordOption,
  type RecordOptions,
} from './record-options.ts'

export interface Incompatibility extends OptionProblem {
  /** The other option of a pair, if either could be left out. */
  readonly other?: RecordOption | undefined
}

interface Situation {
  readonly options: RecordOptions
  readonly structures: readonly StructureRules[]
  /** The structure that the options select. */
  readonly structure: StructureRules
  readonly format: DataFormat
  /** Whether `member` is set, and the structure has that option. */
  readonly hasMember: boolean
}

interface Rule extends Omit<Incompatibility, 'clause' | 'params'> {
  readonly isBroken: (situation: Situation) => boolean
  readonly clause: (situation: Situation) => string
  readonly params?: (situation: Situation) => NonNullable<OptionProblem['params']>
}

const IGNORED_WITH_MEMBER = 'is ignored when member is set; leave one of the two out'

const RULES: readonly Rule[] = [
  ...STRUCTURE_OPTIONS.flatMap(structureOptionRules),
  {
    code: 'format-not-for-hash-field',
    option: 'data_format',
    other: 'hash_field',
    isBroken: (situation) => situation.structure.selectedBy !== undefined && !hasFormat(situation),
    clause: ({ format, structure: { selectedBy, formats } }) =>
      `${format} is not possible with ${selectedBy}; use ${listOr(formats)}, or leave ${selectedBy} out`,
    params: ({ format }) => ({ format }),
  },
  {
    code: 'format-not-for-cache-type',
    option: 'data_format',
    isBroken: (situation) => !hasFormat(situation),
    clause: ({ format, structure: { cacheType, formats }, structures }) =>
      `${format} is not possible with cache_type ${cacheType}; use ${listOr(formats)}` +
      structures
        .filter((other) => other.cacheType === cacheType && other.selectedBy !== undefined)
        .map(({ selectedBy }) => `, or set ${selectedBy}`)
        .join(''),
    params: ({ format, structure: { cacheType } }) => ({ format, cacheType }),
  },
  {
    code: 'merge-not-possible',
    option: 'on_update',
    isBroken: ({ options, structure, format }) =>
      options.on_update === 'merge' && !structure.mergeFormats.includes(format),
    clause: ({ structures }) =>
      `merge is possible only with ${listOr(structures.flatMap(mergeChoice))}; use replace`,
  },
  {
    code: 'condition-not-for-cache-type',
    option: 'write_condition',
    isBroken: ({ options: { write_condition: condition }, structure, structures }) =>
      condition !== undefined &&
      !structure.conditions.includes(condition) &&
      structures.some(({ conditions }) => conditions.includes(condition)),
    clause: ({ options, structure: { cacheType, conditions } }) =>
      `${options.write_condition} is not possible with cache_type ${cacheType}; use ${listOr(conditions)}`,
    params: ({ options, structure: { cacheType } }) => ({ condition: options.write_condition!, cacheType }),
  },
  {
    code: 'ignored-with-member',
    option: 'value_field',
    isBroken: ({ options, hasMember }) => options.value_field !== undefined && hasMember,
    clause: () => IGNORED_WITH_MEMBER,
  },
  {
    code: 'value-field-without-raw',
    option: 'value_field',
    isBroken: ({ options, format }) => options.value_field !== undefined && format !== 'raw',
    clause: ({ format }) => `is for data_format raw, and data_format is ${format}; leave it out, or use raw`,
    params: ({ format }) => ({ format }),
  },
  {
    code: 'value-field-missing',
    option: 'value_field',
    isBroken: (situation) =>
      situation.options.value_field === undefined &&
      situation.format === 'raw' &&
      !situation.hasMember &&
      hasFormat(situation),
    clause: () => 'is missing; set the column whose text data_format raw writes',
  },
  {
    code: 'ignored-with-member',
    option: 'fields',
    isBroken: ({ options, hasMember }) => options.fields !== undefined && hasMember,
    clause: () => IGNORED_WITH_MEMBER,
  },
  {
    code: 'fields-with-raw',
    option: 'fields',
    isBroken: ({ options, format }) => options.fields !== undefined && format === 'raw',
    clause: () => 'is ignored with data_format raw, which writes only the value_field; leave it out',
  },
  {
    code: 'null-as-without-flat',
    option: 'null_as',
    isBroken: ({ options, format }) =>
      options.null_as !== undefined && options.null_as !== 'absent' && format !== 'flat',
    clause: ({ format }) =>
      `is for data_format flat, and data_format is ${format}; leave it out, or use flat`,
    params: ({ format }) => ({ format }),
  },
  {
    code: 'ignored-with-member',
    option: 'keep_meta',
    isBroken: ({ options, hasMember }) => options.keep_meta === true && hasMember,
    clause: () => IGNORED_WITH_MEMBER,
  },
  {
    code: 'keep-meta-with-raw',
    option: 'keep_meta',
    isBroken: ({ options, format }) => options.keep_meta === true && format === 'raw',
    clause: () => 'is ignored with data_format raw, which writes only the value_field; leave it out',
  },
  {
    code: 'roll-back-with-condition',
    option: 'on_retry',
    other: 'write_condition',
    isBroken: ({ options }) =>
      options.on_retry === 'roll_back' && (options.write_condition ?? 'always') !== 'always',
    clause: ({ options }) =>
      `roll_back is not possible with write_condition ${options.write_condition}, with which nobody knows how many ` +
      'records were written; use keep',
    params: ({ options }) => ({ condition: options.write_condition! }),
  },
  {
    code: 'expiry-set-twice',
    option: 'expire_at_field',
    other: 'ttl_seconds',
    isBroken: ({ options }) => options.expire_at_field !== undefined && hasTtl(options),
    clause: () => 'ttl_seconds is set as well; keep one of the two',
  },
  {
    code: 'ttl-set-twice',
    option: 'ttl_field',
    other: 'ttl_seconds',
    isBroken: ({ options }) => options.ttl_field !== undefined && hasTtl(options),
    clause: () => 'ttl_seconds is set as well; keep one of the two',
  },
  {
    code: 'ttl-field-with-expiry',
    option: 'ttl_field',
    other: 'expire_at_field',
    isBroken: ({ options }) => options.ttl_field !== undefined && options.expire_at_field !== undefined,
    clause: () => 'expire_at_field is set as well; keep one of the two',
  },
  {
    code: 'unit-without-expiry',
    option: 'expire_at_unit',
    isBroken: ({ options }) => options.expire_at_unit !== undefined && options.expire_at_field === undefined,
    clause: () => 'there is no expire_at_field whose numbers could have a unit; set it, or leave this out',
  },
  {
    code: 'jitter-without-ttl',
    option: 'ttl_jitter_percent',
    isBroken: ({ options }) => (options.ttl_jitter_percent ?? 0) > 0 && !hasTtl(options),
    clause: () => 'there is no time to live to spread; set ttl_seconds above 0, or leave this out',
  },
  {
    code: 'trim-without-max-length',
    option: 'stream_trim',
    isBroken: ({ options }) => options.stream_trim !== undefined && options.max_length === undefined,
    clause: () => 'there is no max_length to trim to; set one, or leave this out',
  },
]

/** Returns at most one problem for each option, and none for unknown values, which the schema validation reports. */
export function findIncompatibilities(
  options: RecordOptions,
  structures: readonly StructureRules[],
): Incompatibility[] {
  const [cacheType, format] = [cacheTypeOf(options), dataFormatOf(options, structures)]
  const structure = selectStructure(structures, { cacheType, hashField: options.hash_field })
  if (structure === undefined || !structures.some(({ formats }) => formats.includes(format))) return []
  const hasMember = options.member !== undefined && structure.options.includes('member')
  const situation: Situation = { options, structures, structure, format, hasMember }
  const broken = RULES.filter((rule) => rule.isBroken(situation))
  return broken
    .filter((rule, index) => index === broken.findIndex(({ option }) => option === rule.option))
    .map(({ code, option, other, clause, params }) => ({
      code,
      option,
      other,
      clause: clause(situation),
      params: params?.(situation) ?? {},
    }))
}

function structureOptionRules(option: StructureOption): Rule[] {
  return [
    {
      code: 'option-not-for-cache-type',
      option,
      isBroken: ({ options, structures, structure: { cacheType } }) =>
        options[option] !== undefined && !cacheTypesWith(option, structures).includes(cacheType),
      clause: ({ structures, structure: { cacheType } }) =>
        `is for cache_type ${listOr(cacheTypesWith(option, structures))}, and cache_type is ${cacheType}; leave it out`,
      params: ({ structure: { cacheType } }) => ({ cacheType }),
    },
    {
      code: 'option-not-for-hash-field',
      option,
      isBroken: ({ options, structure }) =>
        options[option] !== undefined &&
        structure.selectedBy !== undefined &&
        !structure.options.includes(option),
      clause: ({ structure: { selectedBy } }) =>
        `is not possible with ${selectedBy}, where many records share one key; ` +
        (['expire_at_field', 'ttl_field'].includes(option) ? 'use ttl_seconds' : 'leave it out'),
    },
  ]
}

function cacheTypesWith(option: StructureOption, structures: readonly StructureRules[]): string[] {
  const having = structures.filter(({ options }) => options.includes(option))
  return [...new Set(having.map(({ cacheType }) => cacheType))]
}

function mergeChoice({ cacheType, mergeFormats }: StructureRules): string[] {
  return mergeFormats.length === 0 ? [] : [`cache_type ${cacheType} and data_format ${listOr(mergeFormats)}`]
}

function hasFormat({ structure, format }: Situation): boolean {
  return structure.formats.includes(format)
}

function hasTtl({ ttl_seconds: ttl = 0 }: RecordOptions): boolean {
  return ttl > 0
}
