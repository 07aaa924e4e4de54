/** Applies the rules of spec/spec.json to a configuration. */
import { problem, type Problem } from '../../errors.ts'
import { nearestName } from '../../wording.ts'
import { isValid } from './is-valid.ts'
import { schemaProblem } from './schema-problem.ts'
import type { Schema } from './specification.ts'
import { schemaVariantFor } from './schema-variant.ts'

/** Returns every violation of the schema, and fills in its defaults. */
export function validate(schema: Schema, raw: Record<string, unknown>): Problem[] {
  const errors = isValid(raw) ? [] : (isValid.errors ?? [])
  // Its `then` has reported why it fails.
  const problems = errors.filter(({ keyword }) => keyword !== 'if').map((error) => schemaProblem(error, raw))
  fillDefaults(schema, raw)
  return problems
}

/** Returns warnings about options that the schema does not have. */
export function unknownOptions(schema: Schema, raw: Record<string, unknown>): Problem[] {
  return pathsOutside(schema, raw, '').map(({ path, known }) => {
    const nearest = nearestName(path.replace(/^.*[.\]]/, ''), known)
    const advice = nearest === undefined ? 'check its spelling' : `did you mean ${nearest}?`
    const clause = `this option does not exist and is ignored; ${advice}`
    const sentence = `${path}: ${clause}${nearest === undefined ? '.' : ''}`
    return problem('option-unknown', sentence, {
      options: [path],
      params: nearest === undefined ? {} : { nearest },
    })
  })
}

/** Fills in the defaults of options that are not set, and those of the variants that are chosen. */
function fillDefaults(schema: Schema, raw: Record<string, unknown>): void {
  for (const [option, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined) raw[option] ??= property.default
    const value = raw[option]
    if (property.oneOf !== undefined && typeof value === 'object' && value !== null)
      fillDefaults(schemaVariantFor(property, value), (raw[option] = { ...value }))
  }
}

interface UnknownOption {
  path: string
  /** The options that exist in its place. */
  known: string[]
}

function pathsOutside(schema: Schema, value: unknown, path: string): UnknownOption[] {
  const { properties, items } = schemaVariantFor(schema, value)
  if (Array.isArray(value) && items !== undefined)
    return value.flatMap((item, index) => pathsOutside(items, item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null || properties === undefined) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const inside = path === '' ? name : `${path}.${name}`
    return Object.hasOwn(properties, name)
      ? pathsOutside(properties[name]!, member, inside)
      : [{ path: inside, known: Object.keys(properties) }]
  })
}
