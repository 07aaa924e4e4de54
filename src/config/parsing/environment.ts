/** Replaces connection options that are `{{ NAME }}` by the value of an environment variable. */
import { optionProblem, type Problem } from '../../errors.ts'

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/

/** Placeholders count in these options only, and in everything inside them; never in layouts and keys. */
const OPTIONS =
  'host port username password url database ssl ssl_mode deployment tunnel_method redirect_hosts'.split(' ')
const NUMBERS = ['port', 'database', 'tunnel_method.tunnel_port']

export interface EnvironmentResult {
  /** The options, with every placeholder replaced whose variable is set. */
  options: Record<string, unknown>
  /** One problem for each placeholder whose variable cannot be used. */
  problems: Problem[]
  /** The values that were filled in, by the names of their variables. */
  filled: ReadonlyMap<string, string>
}

/** A list of names, and of beginnings of names before `*`: the owner of the environment allows no others to be read. */
const ALLOWED = 'DESTINATION_REDIS_ENV_ALLOW'

/** Options in which nothing is filled in, and a placeholder is never meant as text. */
const TEMPLATES = ['key_prefix', 'key_template', 'hash_field', 'member']
const UNREAD = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/

export function fillFromEnvironment(
  raw: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
): EnvironmentResult {
  const problems: Problem[] = []
  const read = new Map<string, string>()
  const fill = (value: unknown, option: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => fill(item, `${option}[${index}]`))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [name, fill(member, `${option}.${name}`)]),
      )
    const variable = typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined
    if (variable === undefined) return value
    const text = environment[variable]
    if (!isAllowed(variable, environment[ALLOWED])) problems.push(deniedVariable(option, variable))
    else if (text === undefined) problems.push(unsetVariable(option, variable))
    else if (text === '') problems.push(emptyVariable(option, variable))
    else {
      read.set(variable, text)
      return valueOf(text, option)
    }
    return value
  }
  const filled = Object.entries(raw).map(([name, value]) => [
    name,
    OPTIONS.includes(name) ? fill(value, name) : value,
  ])
  return { options: Object.fromEntries(filled) as Record<string, unknown>, problems, filled: read }
}

function isAllowed(variable: string, allowed: string | undefined): boolean {
  if (allowed === undefined) return true
  const names = allowed.split(',').map((name) => name.trim())
  return names.some((name) =>
    name.endsWith('*') ? variable.startsWith(name.slice(0, -1)) : variable === name,
  )
}

/** Returns a problem for each placeholder in an option that none is read in. */
export function unreadPlaceholders(raw: Record<string, unknown>): Problem[] {
  const streams: unknown[] = Array.isArray(raw['streams']) ? raw['streams'] : []
  const entries: [path: string, options: unknown][] = [['', raw]]
  for (const [index, entry] of streams.entries()) entries.push([`streams[${index}].`, entry])
  return entries.flatMap(([path, options]) =>
    TEMPLATES.flatMap((name) => {
      const text = (options as Record<string, unknown> | null)?.[name]
      const variable = typeof text === 'string' ? UNREAD.exec(text)?.[1] : undefined
      return variable === undefined ? [] : [unreadVariable(path + name, variable)]
    }),
  )
}

function unreadVariable(option: string, variable: string): Problem {
  return optionProblem(
    'environment-variable-unread',
    option,
    `environment variables are not read here; write the value of ${variable} itself`,
    { variable },
  )
}

function deniedVariable(option: string, variable: string): Problem {
  return optionProblem(
    'environment-variable-denied',
    option,
    `the environment variable ${variable} is not among those that ${ALLOWED} allows`,
    { variable },
  )
}

function emptyVariable(option: string, variable: string): Problem {
  return optionProblem(
    'environment-variable-empty',
    option,
    `the environment variable ${variable} is set and empty; set it to a value, or leave the option out`,
    { variable },
  )
}

function unsetVariable(option: string, variable: string): Problem {
  return optionProblem(
    'environment-variable-unset',
    option,
    `the environment variable ${variable} is not set; set it, or write the value itself`,
    { variable },
  )
}

function valueOf(text: string, option: string): unknown {
  if (NUMBERS.includes(option) && /^\d+$/.test(text)) return Number(text)
  if (option === 'ssl' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
