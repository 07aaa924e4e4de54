/** A connection field may be `{{ NAME }}` as a whole: its value is then taken from the environment. */

const PLACEHOLDER = /^\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}$/

/** Only these fields are looked at; record layouts and keys are never read from the environment. */
const TEXT_FIELDS = ['host', 'username', 'password', 'url']
const NUMBER_FIELDS = ['port', 'database']

/** Gives the configuration with placeholders replaced, and adds a problem for each variable that is not set. */
export function fillFromEnvironment(
  raw: Record<string, unknown>,
  environment: NodeJS.ProcessEnv,
  problems: string[],
): Record<string, unknown> {
  const filled = { ...raw }
  for (const field of [...TEXT_FIELDS, ...NUMBER_FIELDS]) {
    const value = raw[field]
    const name = typeof value === 'string' ? PLACEHOLDER.exec(value)?.[1] : undefined
    if (name === undefined) continue
    const text = environment[name]
    if (text === undefined) {
      problems.push(
        `${field}: the environment variable ${name} is not set; set it, or write the value itself`,
      )
      delete filled[field]
    } else filled[field] = NUMBER_FIELDS.includes(field) && /^\d+$/.test(text) ? Number(text) : text
  }
  return filled
}
