/** For tests: the specification as `spec` prints it. */
import { PassThrough } from 'node:stream'
import { expect } from 'vitest'
import { Output } from './protocol/airbyte/output.ts'
import { spec } from './spec.ts'

export interface Property {
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  order?: number
  group?: string
  airbyte_secret?: boolean
  multiline?: boolean
  required?: string[]
  items?: Property
  properties?: Record<string, Property>
  oneOf?: Property[]
}

interface SpecMessage {
  type: string
  spec: {
    connectionSpecification: { groups: { id: string }[]; properties: Record<string, Property> }
  }
}

export async function properties(): Promise<[string, Property][]> {
  return Object.entries((await emitted()).spec.connectionSpecification.properties)
}

export async function streamProperties(): Promise<Record<string, Property>> {
  return (await emitted()).spec.connectionSpecification.properties['streams']!.items!.properties!
}

/** A property, and those within its variants. */
export function nested(name: string, property: Property): [string, Property][] {
  const withTimeout = (property.oneOf ?? []).flatMap(({ properties: own = {} }) => Object.entries(own))
  return [
    [name, property],
    ...withTimeout.map(([field, value]): [string, Property] => [`${name}.${field}`, value]),
  ]
}

export async function emitted(): Promise<SpecMessage> {
  const stream = new PassThrough()
  const output = new Output(stream)
  spec(output)
  await output.drained()
  const text = (stream.read() as Buffer).toString()
  expect(text).toMatch(/^[^\n]*\n$/)
  return JSON.parse(text) as SpecMessage
}
