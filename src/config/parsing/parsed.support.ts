/** Parses configurations that tests write as objects. */
import { ConnectorError, type Problem } from '../../errors.ts'
import type { Config } from '../settings/config.ts'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import { readSpecification } from '../schema/specification.ts'
import { parseConfig, type ParsedConfig } from './parse-config.ts'

export function parse(raw: object, environment: NodeJS.ProcessEnv = {}): ParsedConfig {
  return parseConfig(JSON.stringify(raw), environment, STRUCTURES)
}

export function connectionOf(raw: object, environment: NodeJS.ProcessEnv = {}): Config['connection'] {
  return parse(raw, environment).config.connection
}

export function problemsOf(raw: object, environment: NodeJS.ProcessEnv = {}): readonly Problem[] {
  try {
    parse(raw, environment)
    return []
  } catch (error) {
    if (error instanceof ConnectorError) return error.problems
    throw error
  }
}

/** Returns the problems of a configuration in short: `url-and-option: url, host`. */
export function refusalsOf(raw: object, environment: NodeJS.ProcessEnv = {}): string[] {
  return problemsOf(raw, environment).map(inShort)
}

/** Returns the warnings about a configuration in short. */
export function warningsOf(raw: object, environment: NodeJS.ProcessEnv = {}): string[] {
  return parse(raw, environment).warnings.map(inShort)
}

export function inShort({ code, options }: Problem): string {
  return options.length === 0 ? code : `${code}: ${options.join(', ')}`
}

/** Returns the options that say what a record becomes: those that an entry of `streams` can have, too. */
export function recordOptionNames(): string[] {
  const { streams } = readSpecification().connectionSpecification.properties
  return Object.keys(streams?.items?.properties ?? {}).filter(
    (name) => !['stream', 'namespace'].includes(name),
  )
}

/** Returns a problem in short with its parameters: `format-not-for-cache-type: data_format (flat, set)`. */
export function summaryOf(problem: Problem): string {
  const values = Object.values(problem.params)
  return values.length === 0 ? inShort(problem) : `${inShort(problem)} (${values.join(', ')})`
}

/** Texts in PEM form, whose content no code here reads. */
export const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIBszCC\nAVmgAwIB\n-----END CERTIFICATE-----\n'
export const KEY = '-----BEGIN PRIVATE KEY-----\nMC4CAQAw\nBQYDK2Vw\n-----END PRIVATE KEY-----\n'
export const FINGERPRINT = 'SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDZzd1yK9VnB5lCNgw'
