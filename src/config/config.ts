/** What the operator asked for, checked and with defaults filled in. */
export interface Config {
  readonly connection: Connection
  /** Put before every key, the connector's own included. */
  readonly keyPrefix: string
  /** How long a server that cannot take writes is waited for. */
  readonly maxOutageSeconds: number
  readonly batchRecords: number
  readonly batchBytes: number
  readonly maxInFlightBytes: number
}

export interface Connection {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}
