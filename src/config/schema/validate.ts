/**
 * Applies the rules of spec/spec.json to a configuration. The specification uses few keywords of JSON schema, and
 * loading a complete validator would take a quarter of the start-up time.
 */
import { optionProblem, problem, type Problem } from '../../errors.ts'
import { entryName } from '../layout-options/record-options.ts'
import { propertiesFor, schemaVariantOf } from './schema-variant.ts'
import type { Schema } from './specification.ts'

const TYPES: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false, without quotes',
  integer: 'a whole number, without quotes',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a text',
}

/** `path`: that of the option, as in `streams[0].fields[1]`. */
type Report = (code: string, path: string, clause: string, params?: Problem['params']) => void

/** Returns every violation of the schema, and fills in its defaults. */
export function validate(schema: Schema, raw: Record<string, unknown>): Problem[] {
  const problems: Problem[] = []
  validateValue(schema, raw, '', (code, path, clause, params = {}) =>
    problems.push(problem(code, `${withStreamName(path, raw)}: ${clause}.`, { options: [path], params })),
  )
  fillDefaults(schema, raw)
  return problems
}

/** Returns warnings about options that the schema does not have. */
export function unknownOptions(schema: Schema, raw: Record<string, unknown>): Problem[] {
  return pathsOutside(schema, raw, '').map((path) =>
    optionProblem('option-unknown', path, 'this option does not exist and is ignored; check its spelling'),
  )
}

function validateValue(schema: Schema, value: unknown, path: string, report: Report): void {
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => hasType(value, type))) {
    const expected = types.map((type) => TYPES[type]).join(', or ')
    report('option-wrong-type', path, `must be ${expected}`, { type: types.join(',') })
  } else if (schema.enum?.includes(value) === false) {
    const allowed = schema.enum.join(', ')
    report('option-not-allowed', path, `must be one of ${allowed}`, { allowed })
  } else if (typeof value === 'string') validateText(schema, value, path, report)
  else if (typeof value === 'number') validateNumber(schema, value, path, report)
  else if (Array.isArray(value)) validateList(schema, value, path, report)
  else if (isObject(value)) validateObject(schema, value, path, report)
}

function validateText(
  { minLength, pattern, pattern_descriptor: form }: Schema,
  text: string,
  path: string,
  report: Report,
): void {
  if (minLength !== undefined && text === '') report('option-empty', path, 'must not be empty')
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text))
    report('option-malformed', path, `must look like ${form}`)
}

function validateNumber(
  { minimum = -Infinity, maximum = Infinity }: Schema,
  value: number,
  path: string,
  report: Report,
): void {
  if (value < minimum) report('option-too-small', path, `must be at least ${minimum}`, { limit: minimum })
  if (value > maximum) report('option-too-large', path, `must be at most ${maximum}`, { limit: maximum })
}

function validateList(
  { minItems, items }: Schema,
  list: readonly unknown[],
  path: string,
  report: Report,
): void {
  if (minItems !== undefined && list.length === 0) report('option-empty', path, 'must not be empty')
  if (items === undefined) return
  for (const [index, item] of list.entries()) validateValue(items, item, `${path}[${index}]`, report)
}

function validateObject(schema: Schema, value: Record<string, unknown>, path: string, report: Report): void {
  const variant = schemaVariantOf(schema, value)
  if (variant === undefined) return validateMembers(schema, value, path, report, 'set it')
  const { discriminator, names, schema: chosen } = variant
  const name = value[discriminator]
  if (chosen !== undefined)
    return validateMembers(
      chosen,
      value,
      path,
      report,
      `set it, because ${discriminator} ${String(name)} requires it`,
    )
  const allowed: Schema = { required: [discriminator], properties: { [discriminator]: { enum: [...names] } } }
  validateMembers(allowed, value, path, report, `use one of ${names.join(', ')}`)
}

/** `remedy`: what to do where a required option is missing. */
function validateMembers(
  { required = [], properties = {} }: Schema,
  value: Record<string, unknown>,
  path: string,
  report: Report,
  remedy: string,
): void {
  for (const name of required)
    if (value[name] === undefined) report('option-missing', inside(path, name), `is missing; ${remedy}`)
  for (const [name, property] of Object.entries(properties))
    if (Object.hasOwn(value, name) && value[name] !== undefined)
      validateValue(property, value[name], inside(path, name), report)
}

/** Fills in the defaults of options that are not set, and those of the variants that are chosen. */
function fillDefaults(schema: Schema, raw: Record<string, unknown>): void {
  for (const [name, property] of Object.entries(propertiesFor(schema, raw) ?? {})) {
    if (property.default !== undefined) raw[name] ??= property.default
    const value = raw[name]
    if (property.oneOf !== undefined && isObject(value)) fillDefaults(property, value)
  }
}

function pathsOutside(schema: Schema, value: unknown, path: string): string[] {
  const { items } = schema
  if (Array.isArray(value) && items !== undefined)
    return value.flatMap((item, index) => pathsOutside(items, item, `${path}[${index}]`))
  const properties = propertiesFor(schema, value)
  if (!isObject(value) || properties === undefined) return []
  return Object.entries(value).flatMap(([name, member]) =>
    Object.hasOwn(properties, name)
      ? pathsOutside(properties[name]!, member, inside(path, name))
      : [inside(path, name)],
  )
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'null':
      return value === null
    case 'object':
      return isObject(value)
    default:
      return typeof value === type
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inside(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** `streams[0].fields[1]` → `streams[0] (orders).fields[1]`. */
function withStreamName(path: string, raw: Record<string, unknown>): string {
  const { streams } = raw as { streams?: { stream?: unknown }[] }
  return path.replace(/^streams\[(\d+)\]/, (_, index: string) =>
    entryName(Number(index), streams?.[Number(index)]?.stream),
  )
}
