/** The command `spec`: prints the options that a configuration can have. */
import { readSpecification } from './config/schema/specification.ts'
import type { Output } from './protocol/airbyte/output.ts'

export function spec(output: Output): void {
  output.message({ type: 'SPEC', spec: readSpecification() })
}
