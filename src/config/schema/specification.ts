/** Reads the connection specification, spec/spec.json, which is beside the folder that the connector runs from. */
import { readFileSync } from 'node:fs'

export interface Specification {
  connectionSpecification: Schema & { properties: Record<string, Schema> }
}

/** A JSON schema with the keywords that spec/spec.json uses; a test refuses others. */
export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  /** Always 1. */
  minItems?: number
  /** Objects that a property with a `const` of its own distinguishes. */
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  /** Always 1. */
  minLength?: number
  pattern?: string
  /** The pattern in words. */
  pattern_descriptor?: string
  minimum?: number
  maximum?: number
  default?: unknown
}

export function readSpecification(): Specification {
  return JSON.parse(
    readFileSync(new URL('../../../spec/spec.json', import.meta.url), 'utf8'),
  ) as Specification
}
