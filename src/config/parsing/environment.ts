/** Replaces connection options that are `{{ NAME }}` by the value of an environment variable. */
import { optionProblem, type Problem } from '../../errors.ts'

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/

/** Placeholders count in these options only, and in everything inside them; never in layouts and keys. */
const OPTIONS = 'host port username password url database ssl ssl_mode deployment tunnel_method'.split(' ')
const NUMBERS = ['port', 'database', 'tunnel_method.tunnel_port']

export interface EnvironmentResult {
  /** The options, with every placeholder replaced whose variable is set. */
  options: Record<string, unknown>
  /** One problem for each placeholder whose variable is not set. */
  problems: Problem[]
}

export function fillFromEnvironment(
  raw: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
): EnvironmentResult {
  const problems: Problem[] = []
  const fill = (value: unknown, option: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => fill(item, `${option}[${index}]`))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, member]) => [name, fill(member, `${option}.${name}`)]),
      )
    const variable = typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined
    if (variable === undefined) return value
    const text = environment[variable]
    if (text !== undefined) return valueOf(text, option)
    problems.push(unsetVariable(option, variable))
    return value
  }
  const filled = Object.entries(raw).map(([name, value]) => [
    name,
    OPTIONS.includes(name) ? fill(value, name) : value,
  ])
  return { options: Object.fromEntries(filled) as Record<string, unknown>, problems }
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
