/** Reads the connection specification, spec/spec.json, which is beside the folder that the connector runs from. */
import { readFileSync } from 'node:fs'

export interface Specification {
  connectionSpecification: Schema & { properties: Record<string, Schema> }
}

/** The parts of a JSON schema that the code reads. */
export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: Schema
  /** Objects that a property with a `const` of its own distinguishes. */
  oneOf?: Schema[]
  /** Conditions made of the variants; added by the code, not in the file. */
  allOf?: { if: Schema; then: Schema }[]
  /** The name of rules that several options share; added by the code, not in the file. */
  $ref?: string
  const?: unknown
  enum?: unknown[]
  required?: string[]
  pattern_descriptor?: string
  /** The remedy where a required property is missing; added by the code, not in the file. */
  advice?: string
  default?: unknown
}

export function readSpecification(): Specification {
  return JSON.parse(
    readFileSync(new URL('../../../spec/spec.json', import.meta.url), 'utf8'),
  ) as Specification
}
