import { PassThrough } from 'node:stream'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parseConfig } from './config/parse.ts'
import { Output } from './protocol/output.ts'
import { spec } from './spec.ts'

interface Property {
  title?: string
  description?: string
  default?: unknown
  order?: number
  group?: string
  items?: { properties: Record<string, Property> }
}

interface SpecMessage {
  type: string
  spec: {
    connectionSpecification: { groups: { id: string }[]; properties: Record<string, Property> }
  }
}

describe('the specification', () => {
  it('is one SPEC message, and stays as it is unless it is changed on purpose', async () => {
    const message = await emitted()
    expect(message.type).toBe('SPEC')
    expect(message).toMatchSnapshot()
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

  it('gives every property a place of its own, in a group that there is', async () => {
    const { groups } = (await emitted()).spec.connectionSpecification
    const all = await properties()
    const orders = all.map(([, { order }]) => order)
    expect(new Set(orders).size).toBe(all.length)
    expect(orders.every(Number.isInteger)).toBe(true)
    for (const [name, { group }] of all)
      expect(
        groups.map(({ id }) => id),
        name,
      ).toContain(group)
  })

  it('lets every option of what a record becomes be set for one stream, by the same rules', async () => {
    const ofRecords = (await properties()).filter(
      ([name, { group }]) => group === 'records' && name !== 'streams',
    )
    const { stream, namespace, ...ofStream } = await streamProperties()
    expect([stream?.order, namespace?.order]).toEqual([0, 1])
    expect(Object.keys(ofStream)).toEqual(ofRecords.map(([name]) => name))
    for (const [name, property] of ofRecords)
      expect(rulesOf(ofStream[name]!), name).toEqual(rulesOf(property))
    const orders = Object.values(ofStream).map(({ order }) => order)
    expect(orders).toEqual(orders.map((_, index) => index + 2))
  })

  it('has no defaults for one stream, as they would count as given', async () => {
    for (const [name, property] of Object.entries(await streamProperties()))
      expect(property, name).not.toHaveProperty('default')
  })

  it('has no defaults where a form that fills them in would make a configuration that is refused', async () => {
    const defaults = (await properties()).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value]],
    )
    for (const cacheType of ['hash', 'string', 'list', 'set', 'sorted_set', 'stream']) {
      const form = { ...Object.fromEntries(defaults), fields: [], record_filter: {} }
      const text = JSON.stringify({ ...form, host: 'h', cache_type: cacheType })
      expect(() => parseConfig(text, {}), cacheType).not.toThrow()
    }
  })
})

async function properties(): Promise<[string, Property][]> {
  return Object.entries((await emitted()).spec.connectionSpecification.properties)
}

async function streamProperties(): Promise<Record<string, Property>> {
  return (await emitted()).spec.connectionSpecification.properties['streams']!.items!.properties
}

/** A property without what is for people, and for forms. */
function rulesOf(property: Property): unknown {
  const forPeople = ['description', 'examples', 'default', 'order', 'group']
  return JSON.parse(
    JSON.stringify(property, (name, value: unknown) => (forPeople.includes(name) ? undefined : value)),
  )
}

async function emitted(): Promise<SpecMessage> {
  const stream = new PassThrough()
  const output = new Output(stream)
  spec(output)
  await output.drained()
  const text = (stream.read() as Buffer).toString()
  expect(text).toMatch(/^[^\n]*\n$/)
  return JSON.parse(text) as SpecMessage
}
