/** A connection field may be `{{ NAME }}` as a whole: its value is then taken from the environment. */

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/

/** Only these fields, and what is inside them, are looked at; record layouts and keys never are. */
const FIELDS = 'host port username password url database ssl ssl_mode deployment tunnel_method'.split(' ')
const NUMBERS = ['port', 'database', 'tunnel_method.tunnel_port']

export interface FromEnvironment {
  /** With the placeholders replaced whose variables are set. */
  filled: Record<string, unknown>
  /** The others, by field: `host`, `deployment.nodes[0]`. */
  unset: Map<string, string>
}

export function fillFromEnvironment(
  raw: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
): FromEnvironment {
  const unset = new Map<string, string>()
  const fill = (value: unknown, field: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => fill(item, `${field}[${index}]`))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [name, fill(member, `${field}.${name}`)]),
      )
    const variable = typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined
    if (variable === undefined) return value
    const text = environment[variable]
    if (text === undefined) unset.set(field, variable)
    return text === undefined ? value : valueOf(text, field)
  }
  const filled = Object.entries(raw).map(([name, value]) => [
    name,
    FIELDS.includes(name) ? fill(value, name) : value,
  ])
  return { filled: Object.fromEntries(filled) as Record<string, unknown>, unset }
}

function valueOf(text: string, field: string): unknown {
  if (NUMBERS.includes(field) && /^\d+$/.test(text)) return Number(text)
  if (field === 'ssl' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
