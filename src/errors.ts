/**
 * The three kinds of failure the Airbyte protocol knows. Messages are written for the operator: they name the
 * option, stream, line or host and say what to do, and never carry record data or secrets.
 */
export type FailureType = 'config_error' | 'transient_error' | 'system_error'

/** One thing that stands in the way: a code for programs and docs/errors.md, and a sentence for the operator. */
export interface Problem {
  /** Kebab-case and stable; docs/errors.md has its cause and remedy. */
  readonly code: string
  /** The options of the configuration it is about. */
  readonly options: readonly string[]
  /** Names and numbers in the sentence, for tests and programs. Never record data or secrets. */
  readonly params: Readonly<Record<string, string | number>>
  readonly sentence: string
}

export function problem(
  code: string,
  sentence: string,
  { options = [], params = {} }: Partial<Pick<Problem, 'options' | 'params'>> = {},
): Problem {
  return { code, options, params, sentence }
}

/** Returns what people read: the sentence, and the code behind it. */
export function textOf({ sentence, code }: Problem): string {
  return `${sentence} [${code}]`
}

export abstract class ConnectorError extends Error {
  abstract readonly failureType: FailureType
  /** Undefined where the error has no code. */
  readonly problem: Problem | undefined

  constructor(problemOrText: Problem | string, options?: ErrorOptions) {
    super(typeof problemOrText === 'string' ? problemOrText : textOf(problemOrText), options)
    this.problem = typeof problemOrText === 'string' ? undefined : problemOrText
  }
}

/** The operator has to change something before another attempt can succeed. */
export class ConfigError extends ConnectorError {
  override readonly name = 'ConfigError'
  readonly failureType = 'config_error'
}

/** Another attempt may succeed without anybody changing anything. */
export class TransientError extends ConnectorError {
  override readonly name = 'TransientError'
  readonly failureType = 'transient_error'
}

/** What was sent to the connector, or the connector itself, is at fault. */
export class SystemError extends ConnectorError {
  override readonly name = 'SystemError'
  readonly failureType = 'system_error'
}

export function failureTypeOf(error: unknown): FailureType {
  return error instanceof ConnectorError ? error.failureType : 'system_error'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
