/** Turns an error of the schema validator into a problem: plain English instead of JSON schema. */
import type { ErrorObject } from 'ajv'
import { problem, type Problem } from '../../errors.ts'
import { entryName } from '../layout-options/record-options.ts'
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

export function schemaProblem(error: ErrorObject, raw: unknown): Problem {
  const { keyword, message, params, parentSchema } = error
  const schema = Object(parentSchema) as Schema
  switch (keyword) {
    case 'type': {
      const types = ([params['type']] as (string | string[])[]).flat()
      const expected = types.map((type) => TYPES[type] ?? type).join(', or ')
      const clause = `must be ${expected}${exampleOf(schema, error.data)}`
      return report(error, raw, 'option-wrong-type', clause, { type: types.join(',') })
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as string[]).join(', ')
      return report(error, raw, 'option-not-allowed', `must be one of ${allowed}`, { allowed })
    }
    case 'pattern':
      return report(error, raw, 'option-malformed', `must look like ${schema.pattern_descriptor}`)
    case 'minimum':
      return report(error, raw, 'option-too-small', `must be at least ${params['limit']}`, limitOf(error))
    case 'maximum':
      return report(error, raw, 'option-too-large', `must be at most ${params['limit']}`, limitOf(error))
    case 'minLength':
    case 'minItems':
      return report(error, raw, 'option-empty', 'must not be empty')
    case 'required': {
      const missing = { ...error, instancePath: `${error.instancePath}/${String(params['missingProperty'])}` }
      return report(missing, raw, 'option-missing', `is missing; ${schema.advice ?? 'set it'}`)
    }
    default:
      return report(error, raw, 'option-invalid', String(message))
  }
}

/** Returns how an option is written that is one of several objects. */
function exampleOf({ required = [], advice = '' }: Schema, value: unknown): string {
  const names = /^use one of (.*)$/.exec(advice)?.[1]?.split(', ')
  if (names === undefined) return ''
  // The first one is the default, which nobody has to write.
  const name = names.find((one) => one === value) ?? names[1]
  return `, such as {"${required[0]}": "${name}"}`
}

function report(
  { instancePath }: ErrorObject,
  raw: unknown,
  code: string,
  clause: string,
  params: Problem['params'] = {},
): Problem {
  const path = pathOf(instancePath)
  return problem(code, `${withStreamName(path, raw)}: ${clause}.`, { options: [path], params })
}

function limitOf({ params }: ErrorObject): Problem['params'] {
  return { limit: Number(params['limit']) }
}

/** `/streams/0/fields/1` → `streams[0].fields[1]`. */
function pathOf(instancePath: string): string {
  return instancePath
    .slice(1)
    .replaceAll(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replaceAll('/', '.')
}

/** `streams[0].fields[1]` → `streams[0] (orders).fields[1]`. */
function withStreamName(path: string, raw: unknown): string {
  const { streams } = raw as { streams?: { stream?: unknown }[] }
  return path.replace(/^streams\[(\d+)\]/, (_, index: string) =>
    entryName(Number(index), streams?.[Number(index)]?.stream),
  )
}
