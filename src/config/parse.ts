/** Configuration text → Config. The rules are those of spec/spec.json; every problem is reported at once. */
import { ConfigError } from '../errors.ts'
import { refuseClassicOptions } from './classic.ts'
import type { Config, Connection } from './config.ts'
import { deliveryProblems, type DeliveryOptions } from './delivery-rules.ts'
import { fillFromEnvironment } from './environment.ts'
import { readGiven } from './given.ts'
import { recordProblems, recordsOf, recordWarnings, type RecordConfiguration } from './overrides.ts'
import { readSpecification } from './specification.ts'
import { readUrl } from './url.ts'
import { unknownOptions, validate } from './validation.ts'

export interface ParsedConfig {
  config: Config
  /** What is odd about the configuration without being wrong. */
  warnings: string[]
}

const DEAD_LETTERS = 10_000

/** The fields of spec/spec.json, with its defaults filled in. */
interface Options extends RecordConfiguration, DeliveryOptions {
  host?: string
  port: number
  username?: string
  password?: string
  url?: string
  database?: number
  key_prefix: string
  max_outage_seconds: number
  batch_records: number
  batch_bytes: number
  max_in_flight_bytes: number
}

/** Throws one ConfigError that lists every problem by field. */
export function parseConfig(text: string, environment: NodeJS.ProcessEnv): ParsedConfig {
  const problems: string[] = []
  const raw = fillFromEnvironment(readGiven(text), environment, problems)
  const isUnset = problems.some((problem) => /^(host|url):/.test(problem))
  refuseClassicOptions(raw, problems)
  const { connectionSpecification: schema } = readSpecification()
  const portIsGiven = raw['port'] !== undefined
  problems.push(...validate(schema, raw))
  const options = raw as unknown as Options
  // Where a variable is missing, that has been said; what follows from it would only confuse.
  const connection = connectionOf(options, portIsGiven, isUnset ? [] : problems)
  problems.push(...recordProblems(options), ...deliveryProblems(options))
  if (problems.length > 0)
    throw new ConfigError(`The configuration cannot be used. ${problems.map(asSentence).join(' ')}`)
  return {
    config: toConfig(options, connection),
    warnings: [...unknownOptions(schema, raw), ...recordWarnings(options)],
  }
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
    ...recordsOf(options),
    deleteMode: options.delete_mode,
    deleteTtlSeconds: options.delete_ttl_seconds,
    tombstoneSeconds: options.tombstone_seconds,
    trackKeys: options.track_keys,
    onRecordError: options.on_record_error,
    deadLetterMaxLength: options.dead_letter_max_length ?? DEAD_LETTERS,
    maxOutageSeconds: options.max_outage_seconds,
    batchRecords: options.batch_records,
    batchBytes: options.batch_bytes,
    maxInFlightBytes: options.max_in_flight_bytes,
  })
}

function asSentence(problem: string): string {
  return `${problem}.`
}
