/** Applies the rules of spec/spec.json to a configuration. */
import { Ajv } from 'ajv'
import { problem, type Problem } from '../../errors.ts'
import { nearestName } from '../../wording.ts'
import { schemaProblem } from './schema-problem.ts'
import type { Schema } from './specification.ts'
import { schemaVariantFor } from './schema-variant.ts'

/** Keywords of spec/spec.json that are not part of JSON schema. */
const ANNOTATIONS = [
  'order',
  'group',
  'groups',
  'airbyte_secret',
  'pattern_descriptor',
  'multiline',
  'advice',
  'always_show',
  'airbyte_hidden',
]

/** Returns every violation of the schema, and fills in its defaults. */
export function validate(schema: Schema, raw: Record<string, unknown>): Problem[] {
  // A test validates the schema itself: doing that here takes ten times as long as using it.
  const ajv = new Ajv({
    allErrors: true,
    strictTypes: true,
    allowUnionTypes: true,
    verbose: true,
    validateSchema: false,
    meta: false,
  })
  for (const annotation of ANNOTATIONS) ajv.addKeyword(annotation)
  const isValid = ajv.compile(relevantPart(schema, [raw]))
  const problems = isValid(raw) ? [] : (isValid.errors ?? []).map((error) => schemaProblem(error, raw))
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

/** Returns the schema without the properties that these values do not have: compiling takes most of the time. */
function relevantPart(schema: Schema, values: readonly unknown[]): Schema {
  const { properties, items, ...rest } = schemaVariantFor(schema, values[0])
  const relevant: Schema = rest
  const elements = values.filter(Array.isArray).flat()
  if (items !== undefined && elements.length > 0) relevant.items = relevantPart(items, elements)
  if (properties !== undefined)
    relevant.properties = Object.fromEntries(
      Object.entries(properties)
        .map(([name, property]): [string, Schema, unknown[]] => [name, property, membersOf(values, name)])
        .filter(([, , members]) => members.length > 0)
        .map(([name, property, members]) => [name, relevantPart(property, members)]),
    )
  return relevant
}

function membersOf(values: readonly unknown[], name: string): unknown[] {
  return values
    .map((value) =>
      Object.hasOwn(Object(value), name) ? (value as Record<string, unknown>)[name] : undefined,
    )
    .filter((member) => member !== undefined)
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
