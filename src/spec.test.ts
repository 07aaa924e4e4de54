import { PassThrough } from 'node:stream'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { Output } from './protocol/output.ts'
import { spec } from './spec.ts'

interface Property {
  title?: string
  description?: string
  order?: number
  group?: string
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
})

async function properties(): Promise<[string, Property][]> {
  return Object.entries((await emitted()).spec.connectionSpecification.properties)
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
