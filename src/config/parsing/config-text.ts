/** Reads the text of a configuration: the options that are set, not yet validated. */
import { ConfigError, problem } from '../../errors.ts'

/** Options that are one of several objects. */
const VARIANT_OPTIONS = ['ssl_mode', 'deployment', 'tunnel_method', 'durability']

export function readConfigText(text: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text, withDigits)
  } catch {
    throw new ConfigError(
      problem('config-not-json', 'The configuration is not valid JSON. Check the file given to --config.'),
    )
  }
  if (!isObject(raw))
    throw new ConfigError(problem('config-not-object', 'The configuration is not a JSON object.'))
  const options = withoutUnset(raw)
  for (const option of VARIANT_OPTIONS) {
    const value = options[option]
    if (!isObject(value)) continue
    options[option] = withoutUnset(value)
    if (Object.keys(options[option] as object).length === 0) delete options[option]
  }
  const { streams } = options
  if (Array.isArray(streams))
    options['streams'] = streams.map((entry: unknown) => (isObject(entry) ? withoutUnset(entry) : entry))
  return options
}

/** Keeps the digits of the number that a filter compares: a number of JavaScript would round them. */
function withDigits(option: string, value: unknown, ...[context]: { source?: string }[]): unknown {
  return option === 'equals' && typeof value === 'number' ? context?.source : value
}

/** Platforms write null for options that are not set, and their forms leave an empty list or object behind. */
function withoutUnset(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([option, value]) =>
        value !== null &&
        !(option === 'fields' && Array.isArray(value) && value.length === 0) &&
        !(option === 'record_filter' && isObject(value) && Object.keys(value).length === 0),
    ),
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
