/** Reads the text of a configuration: the options that are set, in their present form, not yet validated. */
import { ConfigError, problem } from '../../errors.ts'
import { parseJson } from '../../json-text.ts'
import { fieldText } from '../layout-options/field-text.ts'

/** Options that are one of several objects. */
const VARIANT_OPTIONS = ['ssl_mode', 'deployment', 'tunnel_method', 'durability']

/** No option is nested deeper, and functions that call themselves have a limit. */
const MOST_LEVELS = 64

/** `path`: the file that the text is from. */
export function readConfigText(text: string, path?: string): Record<string, unknown> {
  if (depthOf(text) > MOST_LEVELS)
    throw new ConfigError(
      problem(
        'config-too-deep',
        `The configuration has more than ${MOST_LEVELS} levels of objects and lists.`,
        {
          params: { most: MOST_LEVELS },
        },
      ),
    )
  const raw = parseJson(text, { option: '--config', path }, withDigits)
  if (!isObject(raw))
    throw new ConfigError(problem('config-not-object', 'The configuration is not a JSON object.'))
  if (isCatalog(raw))
    throw new ConfigError(
      problem(
        'config-is-catalog',
        'The file given to --config is a catalog. Check that --config and --catalog are not swapped.',
      ),
    )
  const options = readRecordOptions(raw)
  for (const option of VARIANT_OPTIONS) {
    const value = options[option]
    if (!isObject(value)) continue
    options[option] = withoutUnset(value)
    if (Object.keys(options[option] as object).length === 0) delete options[option]
  }
  const { streams } = options
  if (Array.isArray(streams))
    options['streams'] = streams.map((entry: unknown) => (isObject(entry) ? readRecordOptions(entry) : entry))
  return options
}

/** Keeps the digits of the number that a filter compares: a number of JavaScript would round them. */
function withDigits(option: string, value: unknown, ...[context]: { source?: string }[]): unknown {
  return option === 'equals' && typeof value === 'number' ? context?.source : value
}

/** A discovered or configured catalog, or the CATALOG message of a source. */
function isCatalog({ streams, type }: { streams?: unknown; type?: unknown }): boolean {
  return (
    type === 'CATALOG' ||
    (Array.isArray(streams) &&
      streams.some(
        (entry: unknown) => isObject(entry) && ('json_schema' in entry || isObject(Object(entry).stream)),
      ))
  )
}

/** Reads the options for all streams, or those of one entry. Stored configurations may have older forms of two of them. */
function readRecordOptions(options: object): Record<string, unknown> {
  const set = withoutUnset(options)
  const { fields, record_filter: filter } = set
  if (Array.isArray(fields)) set['fields'] = fields.map(fieldText)
  if (isObject(filter)) {
    set['record_filter'] = readFilter(filter)
    if (Object.keys(set['record_filter'] as object).length === 0) delete set['record_filter']
  }
  return set
}

function readFilter(filter: object): object {
  const { field, equals, is_null: isNull, ...others }: Record<string, unknown> = { ...filter }
  const isEmpty = field === undefined || field === null || field === ''
  // A form leaves an empty text and an unticked box behind where no filter is meant.
  const isUnset = isEmpty && (equals === undefined || equals === '') && (isNull ?? false) === false
  return {
    ...others,
    ...(isEmpty ? {} : { field }),
    ...(isUnset || equals === undefined || equals === null
      ? {}
      : { equals: typeof equals === 'boolean' ? String(equals) : equals }),
    ...(equals === null ? { is_null: true } : isUnset || isNull == null ? {} : { is_null: isNull }),
  }
}

/** Platforms write null for options that are not set, and their forms leave an empty text, list or object behind. */
function withoutUnset(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([option, value]) =>
        value !== null &&
        // An empty namespace means the streams without one.
        (value !== '' || option === 'namespace') &&
        !(option === 'fields' && Array.isArray(value) && value.length === 0) &&
        !(isObject(value) && Object.keys(value).length === 0),
    ),
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns how deep the objects and lists of a JSON text are nested. */
function depthOf(text: string): number {
  let [depth, most, isInText] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInText && character === '\\') at++
    else if (character === '"') isInText = !isInText
    else if (!isInText && (character === '{' || character === '[')) most = Math.max(most, ++depth)
    else if (!isInText && (character === '}' || character === ']')) depth--
  }
  return most
}
