/** Configuration text → Config. The rules are those of spec/spec.json; every problem is reported at once. */
import { ConfigError } from '../../errors.ts'
import type { Config, Connection } from '../settings/config.ts'
import { readConnection, type ConnectionOptions } from '../redis-options/connection.ts'
import { deliveryProblems, type DeliveryOptions } from '../layout-options/global-option-checks.ts'
import { readDurability, type DurabilityOptions } from '../redis-options/durability.ts'
import { fillFromEnvironment } from './environment.ts'
import { readGiven } from './config-text.ts'
import {
  recordProblems,
  recordsOf,
  recordWarnings,
  type RecordConfiguration,
} from '../layout-options/stream-overrides.ts'
import { readSpecification } from '../schema/specification.ts'
import { tlsWarnings } from '../redis-options/tls-options.ts'
import { unknownOptions, validate } from '../schema/validation.ts'

export interface ParsedConfig {
  config: Config
  /** What is odd about the configuration without being wrong. */
  warnings: string[]
}

const DEAD_LETTERS = 10_000

/** The fields of spec/spec.json, with its defaults filled in. */
interface Options extends ConnectionOptions, RecordConfiguration, DeliveryOptions {
  key_prefix: string
  durability?: DurabilityOptions
  max_outage_seconds: number
  batch_records: number
  batch_bytes: number
  max_in_flight_bytes: number
}

/** Throws one ConfigError that lists every problem by field. */
export function parseConfig(text: string, environment: NodeJS.ProcessEnv): ParsedConfig {
  const { filled: raw, unset } = fillFromEnvironment(readGiven(text), environment)
  const { connectionSpecification: schema } = readSpecification()
  const problems = validate(schema, raw)
  const options = raw as unknown as Options
  const connection = readConnection(options, problems)
  problems.push(...recordProblems(options), ...deliveryProblems(options))
  const all = [...unsetProblems(unset), ...problems.filter((problem) => !unset.has(fieldOf(problem)))]
  if (all.length > 0)
    throw new ConfigError(`The configuration cannot be used. ${all.map(asSentence).join(' ')}`)
  return {
    config: toConfig(options, connection),
    warnings: [...unknownOptions(schema, raw), ...tlsWarnings(connection.tls), ...recordWarnings(options)],
  }
}

/** What is wrong with the placeholder itself would only confuse. */
function unsetProblems(unset: ReadonlyMap<string, string>): string[] {
  return [...unset].map(
    ([field, variable]) =>
      `${field}: the environment variable ${variable} is not set; set it, or write the value itself`,
  )
}

function fieldOf(problem: string): string {
  return problem.slice(0, problem.indexOf(': '))
}

function toConfig(options: Options, connection: Connection): Config {
  return Object.freeze({
    connection,
    durability: readDurability(options.durability),
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
