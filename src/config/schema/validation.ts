/** The rules of spec/spec.json, applied to a configuration. */
import { Ajv, type ErrorObject } from 'ajv'
import { entryName } from '../layout-options/record-options.ts'
import type { Schema } from './specification.ts'
import { variantFor } from './variants.ts'

/** Fills in defaults, and gives what is against the schema, by field. */
export function validate(schema: Schema, raw: Record<string, unknown>): string[] {
  // That the schema itself is right is for a test to say: checking it takes ten times as long as using it.
  const ajv = new Ajv({
    allErrors: true,
    strictTypes: true,
    allowUnionTypes: true,
    verbose: true,
    validateSchema: false,
    meta: false,
  })
  for (const annotation of [
    'order',
    'group',
    'groups',
    'airbyte_secret',
    'pattern_descriptor',
    'multiline',
    'advice',
  ])
    ajv.addKeyword(annotation)
  const check = ajv.compile(partFor(schema, [raw]))
  const problems = check(raw) ? [] : (check.errors ?? []).map((error) => describe(error, raw))
  for (const [option, { default: value }] of Object.entries(schema.properties ?? {}))
    if (value !== undefined) raw[option] ??= value
  return problems
}

/** Options that the schema does not have, as warnings. */
export function unknownOptions(schema: Schema, raw: Record<string, unknown>): string[] {
  return pathsOutside(schema, raw, '').map(
    (path) => `${path}: this option is not known and has no effect; check its spelling`,
  )
}

/** The schema without what says nothing about these values: compiling it is most of the time that parsing takes. */
function partFor(schema: Schema, values: readonly unknown[]): Schema {
  const { properties, items, ...rest } = variantFor(schema, values[0])
  const part: Schema = rest
  const elements = values.filter(Array.isArray).flat()
  if (items !== undefined && elements.length > 0) part.items = partFor(items, elements)
  if (properties !== undefined)
    part.properties = Object.fromEntries(
      Object.entries(properties)
        .map(([name, property]): [string, Schema, unknown[]] => [name, property, membersOf(values, name)])
        .filter(([, , members]) => members.length > 0)
        .map(([name, property, members]) => [name, partFor(property, members)]),
    )
  return part
}

function membersOf(values: readonly unknown[], name: string): unknown[] {
  return values
    .map((value) =>
      Object.hasOwn(Object(value), name) ? (value as Record<string, unknown>)[name] : undefined,
    )
    .filter((member) => member !== undefined)
}

function describe(
  { instancePath, keyword, message, params, parentSchema }: ErrorObject,
  raw: unknown,
): string {
  const field = nameOf(instancePath, raw)
  const { pattern_descriptor: form, advice } = Object(parentSchema) as Schema
  switch (keyword) {
    case 'enum':
      return `${field}: must be one of ${(params['allowedValues'] as string[]).join(', ')}`
    case 'pattern':
      return `${field}: must look like ${form}`
    case 'required':
      if (advice !== undefined) return `${field}.${params['missingProperty']}: is missing; ${advice}`
      return `${field}: has no ${params['missingProperty']}; give one`
    case 'type':
      return `${field}: must be ${[params['type']].flat().join(' or ')}`
    default:
      return `${field}: ${message}`
  }
}

/** `/streams/0/fields/1` → `streams[0] (orders).fields[1]`. */
function nameOf(instancePath: string, raw: unknown): string {
  const { streams } = raw as { streams?: { stream?: unknown }[] }
  return instancePath
    .slice(1)
    .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
    .replace(/^streams\[(\d+)\]/, (_, index: string) =>
      entryName(Number(index), streams?.[Number(index)]?.stream),
    )
}

function pathsOutside(schema: Schema, value: unknown, path: string): string[] {
  const { properties, items } = variantFor(schema, value)
  if (Array.isArray(value) && items !== undefined)
    return value.flatMap((item, index) => pathsOutside(items, item, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null || properties === undefined) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const inside = path === '' ? name : `${path}.${name}`
    return Object.hasOwn(properties, name) ? pathsOutside(properties[name]!, member, inside) : [inside]
  })
}
