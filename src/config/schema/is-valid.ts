/** The compiled rules of spec/spec.json. The build puts their code in the place of this file (.ci/bundle.mjs). */
import { compileRules, RULES } from './compile-rules.ts'
import { readSpecification } from './specification.ts'

export const isValid = compileRules(readSpecification().connectionSpecification).getSchema(RULES)!
