import type { RecordSettings, StreamSettings } from './records.ts'

/** What the operator asked for, checked and with defaults filled in. */
export interface Config {
  readonly connection: Connection
  /** Put before the connector's own keys that belong to no stream. */
  readonly keyPrefix: string
  /** What a record becomes, in a stream that has no entry of its own. */
  readonly records: RecordSettings
  readonly streams: readonly StreamSettings[]
  /** What a CDC delete does to its row, in a stream that is deduplicated. */
  readonly deleteMode: 'hard' | 'soft' | 'ttl'
  /** Given where deletes are `ttl`. */
  readonly deleteTtlSeconds: number | undefined
  /** How long a deleted row is remembered, so that nothing older brings it back. */
  readonly tombstoneSeconds: number
  /** Of which streams it is remembered what keys they wrote. */
  readonly trackKeys: 'auto' | 'always' | 'never'
  readonly onRecordError: 'fail' | 'dead_letter'
  /** How many records the dead letter stream holds, about. */
  readonly deadLetterMaxLength: number
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
