/** The connection specification: spec/spec.json, which stands beside the folder the connector runs from. */
import { readFileSync } from 'node:fs'

export interface Specification {
  connectionSpecification: Schema & { properties: Record<string, Schema> }
}

/** A JSON schema, as far as it is looked into. */
export interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
  /** Objects that a property with a `const` of its own tells apart. */
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  required?: string[]
  pattern_descriptor?: string
  /** What to do where something required is missing; not part of the file. */
  advice?: string
  default?: unknown
}

export function readSpecification(): Specification {
  return JSON.parse(
    readFileSync(new URL('../../../spec/spec.json', import.meta.url), 'utf8'),
  ) as Specification
}
