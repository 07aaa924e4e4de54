/** The connection specification: spec/spec.json, which stands beside the folder the connector runs from. */
import { readFileSync } from 'node:fs'

export interface Specification {
  connectionSpecification: { properties: Record<string, unknown> }
}

export function readSpecification(): Specification {
  return JSON.parse(readFileSync(new URL('../../spec/spec.json', import.meta.url), 'utf8')) as Specification
}
