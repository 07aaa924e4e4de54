/** Turns the text of a configuration into a Config. Every problem is reported at the same time. */
import { ConfigError, type Problem } from '../../errors.ts'
import type { HiddenText } from '../../shown-text.ts'
import type { Config } from '../settings/config.ts'
import { readConnection, type ConnectionOptions } from '../redis-options/connection.ts'
import { globalOptionProblems, type GlobalOptions } from '../layout-options/global-option-checks.ts'
import { readDurability, type DurabilityOptions } from '../redis-options/durability.ts'
import { fillFromEnvironment, unreadPlaceholders } from './environment.ts'
import { hiddenTexts } from './hidden-texts.ts'
import { readConfigText } from './config-text.ts'
import {
  recordProblems,
  recordsOf,
  recordWarnings,
  type RecordConfiguration,
} from '../layout-options/stream-overrides.ts'
import type { StructureRules } from '../settings/structure-rules.ts'
import { readSpecification } from '../schema/specification.ts'
import { tlsWarnings } from '../redis-options/tls-options.ts'
import { unknownOptions, validate } from '../schema/validate.ts'

export interface ParsedConfig {
  config: Config
  /** Settings that work but are rarely intended. */
  warnings: readonly Problem[]
  /** Texts that no message may show. */
  hidden: readonly HiddenText[]
}

/** The option has no default in the schema: a form would fill it in, and it is refused without dead letters. */
const DEAD_LETTER_MAX_LENGTH = 10_000

/** The fields of spec/spec.json, with its defaults filled in. */
interface Options extends ConnectionOptions, RecordConfiguration, GlobalOptions {
  key_prefix: string
  durability?: DurabilityOptions
  max_outage_seconds: number
  batch_records: number
  batch_bytes: number
  max_in_flight_bytes: number
  max_line_bytes: number
}

/** Throws one ConfigError that lists every problem. `structures` are all values of cache_type, `path` is the file of the text. */
export function parseConfig(
  text: string,
  environment: NodeJS.ProcessEnv,
  structures: readonly StructureRules[],
  path?: string,
): ParsedConfig {
  const written = readConfigText(text, path)
  const { options: raw, problems: unset, filled } = fillFromEnvironment(written, environment)
  const { connectionSpecification: schema } = readSpecification()
  const problems = validate(schema, raw)
  // Every function below accepts values that break the schema.
  const options = raw as Record<string, unknown> & Options
  const connection = readConnection(options, problems)
  const { problems: ofRecords, defaultProblems } = recordProblems(options, structures)
  problems.push(...ofRecords, ...globalOptionProblems(options))
  problems.push(...withoutOptionsOf([...problems, ...defaultProblems], unreadPlaceholders(written)))
  const all = [...unset, ...withoutOptionsOf(unset, problems)]
  if (all.length > 0) throw new ConfigError(all, { lead: 'The configuration cannot be used.' })
  return {
    config: toConfig(options, { connection, defaultProblems }, structures),
    warnings: [
      ...unknownOptions(schema, raw),
      ...tlsWarnings(connection.tls),
      ...recordWarnings(options, structures),
      ...defaultProblems.map(onlyForEntries),
    ],
    hidden: hiddenTexts(connection, filled),
  }
}

/** A placeholder that was not replaced may break other rules as well, which would only confuse. */
function withoutOptionsOf(unset: readonly Problem[], problems: readonly Problem[]): Problem[] {
  const options = new Set(unset.flatMap((problem) => problem.options))
  return problems.filter((problem) => problem.options.length > 1 || !options.has(problem.options[0]!))
}

function onlyForEntries({ sentence, ...problem }: Problem): Problem {
  return {
    ...problem,
    sentence: `${sentence} Until then, only streams with an entry in streams can be written.`,
  }
}

function toConfig(
  options: Options,
  checked: Pick<Config, 'connection' | 'defaultProblems'>,
  structures: readonly StructureRules[],
): Config {
  return Object.freeze({
    ...checked,
    durability: readDurability(options.durability),
    keyPrefix: options.key_prefix,
    ...recordsOf(options, structures),
    deleteMode: options.delete_mode,
    deleteTtlSeconds: options.delete_ttl_seconds,
    tombstoneSeconds: options.tombstone_seconds,
    trackKeys: options.track_keys,
    completion: options.completion,
    onRecordError: options.on_record_error,
    deadLetterMaxLength: options.dead_letter_max_length ?? DEAD_LETTER_MAX_LENGTH,
    maxOutageSeconds: options.max_outage_seconds,
    batchRecords: options.batch_records,
    batchBytes: options.batch_bytes,
    maxInFlightBytes: options.max_in_flight_bytes,
    maxLineBytes: options.max_line_bytes,
  })
}
