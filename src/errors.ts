/**
 * The three kinds of failure the Airbyte protocol knows. Messages are written for the operator: they name the
 * option, stream, line or host and say what to do, and never carry record data or secrets.
 */
export type FailureType = 'config_error' | 'transient_error' | 'system_error'

export abstract class ConnectorError extends Error {
  abstract readonly failureType: FailureType
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
