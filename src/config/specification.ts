/** The connection specification: spec/spec.json, which stands beside the folder the connector runs from. */
import { readFileSync } from 'node:fs'

export interface Specification {
  connectionSpecification: Schema & { properties: Record<string, Schema> }
}

/** A JSON schema, as far as it is looked into. */
export interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
  default?: unknown
}

export function readSpecification(): Specification {
  return JSON.parse(readFileSync(new URL('../../spec/spec.json', import.meta.url), 'utf8')) as Specification
}
