/** Configuration text → Config. The rules are those of spec/spec.json; every problem is reported at once. */
import { Ajv, type ErrorObject } from 'ajv'
import { ConfigError } from '../errors.ts'
import { isClassicOption, refuseClassicOptions } from './classic.ts'
import type { Config, Connection } from './config.ts'
import { fillFromEnvironment } from './environment.ts'
import { readSpecification } from './specification.ts'
import { readUrl } from './url.ts'

export interface ParsedConfig {
  config: Config
  /** What is odd about the configuration without being wrong. */
  warnings: string[]
}

/** The fields of spec/spec.json, with its defaults filled in. */
interface Options {
  host?: string
  port: number
  username?: string
  password?: string
  url?: string
  database?: number
  cache_type: 'hash'
  key_prefix: string
  max_outage_seconds: number
  batch_records: number
  batch_bytes: number
  max_in_flight_bytes: number
}

/** Throws one ConfigError that lists every problem by field. */
export function parseConfig(text: string, environment: NodeJS.ProcessEnv): ParsedConfig {
  const problems: string[] = []
  const raw = fillFromEnvironment(readObject(text), environment, problems)
  const isUnset = problems.some((problem) => /^(host|url):/.test(problem))
  refuseClassicOptions(raw, problems)
  const { connectionSpecification: schema } = readSpecification()
  const portIsGiven = raw['port'] !== undefined
  problems.push(...validate(schema, raw))
  // Where a variable is missing, that has been said; what follows from it would only confuse.
  const connection = connectionOf(raw as unknown as Options, portIsGiven, isUnset ? [] : problems)
  if (problems.length > 0)
    throw new ConfigError(`The configuration cannot be used. ${problems.map(asSentence).join(' ')}`)
  return { config: toConfig(raw as unknown as Options, connection), warnings: unknownFields(schema, raw) }
}

function readObject(text: string): Record<string, unknown> {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    throw new ConfigError('The configuration is not JSON. Pass the path of a JSON file to --config.')
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new ConfigError('The configuration is not a JSON object.')
  // Hosts write null for what is not set.
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null))
}

function validate(schema: object, raw: Record<string, unknown>): string[] {
  // That the schema itself is right is for a test to say: checking it takes ten times as long as using it.
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    verbose: true,
    validateSchema: false,
    meta: false,
  })
  for (const annotation of ['order', 'group', 'groups', 'airbyte_secret', 'pattern_descriptor'])
    ajv.addKeyword(annotation)
  const check = ajv.compile(schema)
  return check(raw) ? [] : (check.errors ?? []).map(describe)
}

function describe({ instancePath, keyword, message, params, parentSchema }: ErrorObject): string {
  const field = instancePath.slice(1).replaceAll('/', '.')
  if (keyword === 'enum')
    return `${field}: must be one of ${(params['allowedValues'] as string[]).join(', ')}`
  if (keyword === 'pattern') {
    const { pattern_descriptor: form } = parentSchema as { pattern_descriptor?: string }
    return `${field}: must look like ${form}`
  }
  return `${field}: ${message}`
}

function connectionOf(options: Options, portIsGiven: boolean, problems: string[]): Connection {
  const { host, port, url, username, password, database } = options
  if (url === undefined) {
    if (host === undefined) problems.push('host: is missing; give the host of your Redis server, or a url')
    return {
      host: host ?? '',
      port,
      username: username || undefined,
      password: password || undefined,
      database: database ?? 0,
    }
  }
  for (const [field, isGiven] of Object.entries({
    host: host !== undefined,
    port: portIsGiven,
    username,
    password,
  }))
    if (isGiven) problems.push(`url and ${field}: both are given; keep one of them`)
  const fromUrl = readUrl(url, problems)
  return { ...fromUrl, database: database ?? fromUrl.database }
}

function toConfig(options: Options, connection: Connection): Config {
  return Object.freeze({
    connection: Object.freeze(connection),
    keyPrefix: options.key_prefix,
    maxOutageSeconds: options.max_outage_seconds,
    batchRecords: options.batch_records,
    batchBytes: options.batch_bytes,
    maxInFlightBytes: options.max_in_flight_bytes,
  })
}

function unknownFields(
  schema: { properties: Record<string, unknown> },
  raw: Record<string, unknown>,
): string[] {
  return Object.keys(raw)
    .filter((field) => !Object.hasOwn(schema.properties, field) && !isClassicOption(field))
    .map((field) => `${field}: this option is not known and has no effect; check its spelling`)
}

function asSentence(problem: string): string {
  return `${problem}.`
}
