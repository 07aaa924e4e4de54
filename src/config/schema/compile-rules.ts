/** Compiles the rules of spec/spec.json. The build does so once; tests of src do it when they load them. */
import { isDeepStrictEqual } from 'node:util'
import { Ajv, type Options } from 'ajv'
import { discriminatorOf, schemaVariantFor } from './schema-variant.ts'
import type { Schema } from './specification.ts'

/** The name of the compiled rules. */
export const RULES = 'rules'

/** The keywords that are rules. Everything else in spec/spec.json is for forms, or is read elsewhere. */
const CHECKED = [
  'type',
  'enum',
  'const',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'minItems',
  'required',
]

/** Texts for the message about a violation; no rules. */
const TEXTS = ['pattern_descriptor', 'advice']

/** Returns a compiler that has compiled `RULES`. With `code`, their source can be printed. */
export function compileRules(schema: Schema, code: Options['code'] = {}): Ajv {
  // A test validates the schema itself. Each error carries its part of the schema, which `verbose` asks for.
  const ajv = new Ajv({
    allErrors: true,
    strictTypes: true,
    allowUnionTypes: true,
    verbose: true,
    validateSchema: false,
    meta: false,
    inlineRefs: false,
    code,
  })
  for (const text of TEXTS) ajv.addKeyword(text)
  const shared: Record<string, Schema> = {}
  const rules = rulesOf(schema, shared)
  return ajv.addSchema({ ...rules, $defs: shared }, RULES)
}

/**
 * Returns the rules alone. The variants of an option become conditions, so that only the chosen one reports problems.
 * Options with the same rules share them, each a function of its own: only those that are used are compiled.
 */
function rulesOf(schema: Schema, shared: Record<string, Schema>): Schema {
  const { oneOf } = schema
  const { properties, items, ...rest } = schemaVariantFor(schema, undefined)
  const rules: Schema = Object.fromEntries(
    Object.entries(rest).filter(([keyword]) => [...CHECKED, ...TEXTS].includes(keyword)),
  )
  if (items !== undefined) rules.items = share(rulesOf(items, shared), shared)
  if (properties !== undefined)
    rules.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, share(rulesOf(property, shared), shared)]),
    )
  if (oneOf !== undefined)
    rules.allOf = oneOf.map((variant) => ruleOfVariant(discriminatorOf(oneOf), variant, shared))
  return rules
}

function ruleOfVariant(
  discriminator: string,
  variant: Schema,
  shared: Record<string, Schema>,
): { if: Schema; then: Schema } {
  const { const: value } = variant.properties![discriminator]!
  const condition = { [discriminator]: { const: value } }
  return {
    if: { type: 'object', required: [discriminator], properties: condition },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON schema.
    then: share(rulesOf(schemaVariantFor({ oneOf: [variant] }, { [discriminator]: value }), shared), shared),
  }
}

function share(rules: Schema, shared: Record<string, Schema>): Schema {
  const [known] = Object.entries(shared).find(([, others]) => isDeepStrictEqual(others, rules)) ?? []
  const name = known ?? `rules${Object.keys(shared).length}`
  shared[name] = rules
  return { $ref: `#/$defs/${name}` }
}
