/** Configuration text → what is set in it, not judged yet. */
import { ConfigError } from '../../errors.ts'

/** Options that are one of several objects. */
const CHOICES = ['ssl_mode', 'deployment', 'tunnel_method', 'durability']

export function readGiven(text: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    throw new ConfigError('The configuration is not JSON. Pass the path of a JSON file to --config.')
  }
  if (!isObject(raw)) throw new ConfigError('The configuration is not a JSON object.')
  const given = withoutUnset(raw)
  for (const choice of CHOICES) {
    const value = given[choice]
    if (!isObject(value)) continue
    given[choice] = withoutUnset(value)
    if (Object.keys(given[choice] as object).length === 0) delete given[choice]
  }
  const { streams } = given
  if (Array.isArray(streams))
    given['streams'] = streams.map((entry: unknown) => (isObject(entry) ? withoutUnset(entry) : entry))
  return given
}

/** Hosts write null for what is not set, and their forms leave an empty list or object behind. */
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
