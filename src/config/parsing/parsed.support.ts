/** Parses configurations that tests write as objects. */
import type { Config } from '../settings/config.ts'
import { parseConfig, type ParsedConfig } from './parse-config.ts'

export function parse(raw: object, environment: NodeJS.ProcessEnv = {}): ParsedConfig {
  return parseConfig(JSON.stringify(raw), environment)
}

export function connectionOf(raw: object, environment: NodeJS.ProcessEnv = {}): Config['connection'] {
  return parse(raw, environment).config.connection
}

/** What is wrong with it, by field. */
export function problemsOf(raw: object, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    parse(raw, environment)
    return []
  } catch (error) {
    const list = (error as Error).message.replace('The configuration cannot be used. ', '')
    return list.split(/(?<=\.) (?=[a-z_.[\]\d]+(?: and [a-z_]+)?: )/)
  }
}

/** Texts of the form of PEM; nothing looks into them here. */
export const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIBszCC\nAVmgAwIB\n-----END CERTIFICATE-----\n'
export const KEY = '-----BEGIN PRIVATE KEY-----\nMC4CAQAw\nBQYDK2Vw\n-----END PRIVATE KEY-----\n'
export const FINGERPRINT = 'SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDZzd1yK9VnB5lCNgw'
