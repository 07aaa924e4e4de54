import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { readSpecification, type Schema } from './specification.ts'
import { validate } from './validate.ts'

const { connectionSpecification: SPEC } = readSpecification()

const ANNOTATIONS = [
  'title',
  'description',
  'default',
  'examples',
  'order',
  'group',
  'groups',
  'airbyte_secret',
]
const FORMS = ['multiline', 'pattern_descriptor', 'always_show']
const STRUCTURE = ['$schema', 'additionalProperties', 'const', 'oneOf', 'properties', 'items']
const CHECKED = ['type', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'minItems', 'required']

/** Values of every type, among them limits, and what somebody may write by mistake. */
const VALUES: readonly unknown[] = [
  ['', ' ', 'x', '7', 'true', 'hash', 'flat', 'h:1', 'redis://h', 'unix:///s', 'http://h', '{{ NAME }}'],
  [-1, 0, 1, 1.5, 22, 1024, 65_535, 65_536, 600_001, 1_048_576, 4_294_967_296, 1e11, 1e300],
  [true, false, [], [''], ['a'], ['a', 7], [{}], [{ from: 'a', to: 'b' }], [{ from: 'a' }], [null]],
  [{}, { mode: 7 }, { x: 1 }, { field: 'a', equals: null }, { field: '' }, { equals: [] }],
  [[{ stream: 'a' }], [{ stream: '' }], [{ stream: 'a', ttl_seconds: -1 }], [{ cache_type: 'tree' }]],
].flat()

describe('the validation of a configuration', () => {
  it('knows every keyword of the specification', () => {
    const schemas = subschemasOf(SPEC)
    const known = [...ANNOTATIONS, ...FORMS, ...STRUCTURE, ...CHECKED]
    const keywords = new Set(schemas.flatMap((schema) => Object.keys(schema)))
    expect([...keywords].filter((keyword) => !known.includes(keyword))).toEqual([])
    for (const { minLength = 1, minItems = 1 } of schemas) expect([minLength, minItems]).toEqual([1, 1])
  })

  it.each(Object.entries(SPEC.properties))(
    'accepts what a JSON schema validator accepts: %s',
    (name, schema) => {
      const ajv = new Ajv({ strict: false, validateSchema: false })
      const accepts = ajv.compile({ type: 'object', properties: { [name]: schema } })
      const values = [...VALUES, ...samplesOf(schema)]
      const verdicts = values.map(
        (value) => validate({ properties: { [name]: schema } }, { [name]: value }).length === 0,
      )
      expect(verdicts).toEqual(values.map((value) => accepts({ [name]: value })))
      expect(verdicts).toContain(false)
      expect(verdicts).toContain(true)
    },
  )

  it('reports an option once', () => {
    for (const [name, schema] of Object.entries(SPEC.properties))
      for (const value of VALUES) {
        const paths = validate({ properties: { [name]: schema } }, { [name]: value }).map(
          ({ options }) => options[0],
        )
        expect(new Set(paths).size, `${name} ${JSON.stringify(value)}`).toBe(paths.length)
      }
  })
})

/** Returns values for an option: its examples and choices; for variants, those with and without each member. */
function samplesOf({ default: value, enum: choices = [], oneOf = [], ...schema }: Schema): unknown[] {
  const { examples = [] } = schema as { examples?: unknown[] }
  const variants = oneOf.flatMap(({ properties = {}, required = [] }) => {
    const sampleOf = (name: string): unknown =>
      properties[name]!.const ?? samplesOf(properties[name]!)[0] ?? 'x'
    const whole = Object.fromEntries(required.map((name) => [name, sampleOf(name)]))
    return [
      whole,
      ...Object.keys(whole).map((missing) => ({ ...whole, [missing]: undefined })),
      ...Object.keys(properties).flatMap((name) => VALUES.map((other) => ({ ...whole, [name]: other }))),
    ].map((sample) => JSON.parse(JSON.stringify(sample)) as unknown)
  })
  return [...examples, ...choices, ...(value === undefined ? [] : [value]), ...variants]
}

function subschemasOf(schema: Schema): Schema[] {
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.oneOf ?? [])]
  if (schema.items !== undefined) inner.push(schema.items)
  return [schema, ...inner.flatMap(subschemasOf)]
}
