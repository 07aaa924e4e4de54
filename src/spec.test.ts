import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { emitted, nested, properties, streamProperties, type Property } from './spec.support.ts'

describe('the specification', () => {
  it('is one SPEC message with the content of spec/spec.json', async () => {
    const text = readFileSync(new URL('../spec/spec.json', import.meta.url), 'utf8')
    expect(await emitted()).toEqual({ type: 'SPEC', spec: JSON.parse(text) as unknown })
  })

  it('uses only keywords whose violation has a code', async () => {
    const all = (await properties()).flatMap(([name, value]) => nested(name, value))
    const keywords = new Set(all.flatMap(([, property]) => Object.keys(property)))
    const annotations = ['title', 'description', 'default', 'examples', 'order', 'group', 'airbyte_secret']
    annotations.push('always_show', 'airbyte_hidden')
    const others = ['multiline', 'pattern_descriptor', 'const', 'oneOf', 'properties', 'items']
    const checked = ['type', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'minItems', 'required']
    expect([...keywords].filter((name) => ![...annotations, ...others, ...checked].includes(name))).toEqual(
      [],
    )
  })

  it('is a valid JSON schema, which is not checked again when the connector runs', async () => {
    const { connectionSpecification: schema } = (await emitted()).spec
    const ajv = new Ajv()
    expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true)
    expect(schema).toHaveProperty('$schema', 'http://json-schema.org/draft-07/schema#')
  })

  it('describes every property to the operator: a title, and sentences', async () => {
    for (const [name, { title, description }] of await properties()) {
      expect(title, name).toMatch(/^\S.*[^.]$/)
      expect(description, name).toMatch(/^[A-Z].*\.$/s)
    }
  })

  it('has a type for everything, and a secret for everything that must not be seen', async () => {
    const secrets: string[] = []
    const all = (await properties()).flatMap(([name, value]) => nested(name, value))
    for (const [name, property] of all) {
      expect(property.type, name).toBeDefined()
      if (property.airbyte_secret === true) secrets.push(name.replace(/.*\./, ''))
    }
    const pem = ['ca_certificate', 'client_certificate', 'client_key', 'client_key_password']
    const single = [
      'password',
      'url',
      'sentinel_password',
      'ssh_key',
      'ssh_key_passphrase',
      'tunnel_user_password',
    ]
    expect(new Set(secrets)).toEqual(new Set([...pem, ...single]))
  })

  it('lets every option of what a record becomes be set for one stream, by the same rules', async () => {
    const { stream, namespace, ...ofStream } = await streamProperties()
    const ofRecords = (await properties()).filter(([name]) => Object.hasOwn(ofStream, name))
    expect([stream?.order, namespace?.order]).toEqual([0, 1])
    expect(Object.keys(ofStream)).toEqual(ofRecords.map(([name]) => name))
    for (const [name, property] of ofRecords) {
      expect(rulesOf(ofStream[name]!), name).toEqual(rulesOf(property))
      expect(ofStream[name]!.description, name).toBe(property.description)
    }
    const orders = Object.values(ofStream).map(({ order }) => order)
    expect(orders).toEqual(orders.map((_, index) => index + 2))
  })
})

/** A property without what is for people, and for forms. */
function rulesOf(property: Property): unknown {
  const forPeople = ['description', 'examples', 'default', 'order', 'group', 'always_show']
  return JSON.parse(
    JSON.stringify(property, (name, value: unknown) => (forPeople.includes(name) ? undefined : value)),
  )
}
