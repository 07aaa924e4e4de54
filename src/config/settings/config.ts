import type { RecordSettings, StreamSettings } from './record-settings.ts'

/** What the operator asked for, checked and with defaults filled in. */
export interface Config {
  readonly connection: Connection
  readonly durability: Durability
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
  readonly deployment: Deployment
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly tls: TlsSettings | undefined
  readonly tunnel: TunnelSettings | undefined
}

/** Where a server listens: a host and its port, or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

export type Deployment =
  | { readonly kind: 'standalone'; readonly address: Address }
  | {
      readonly kind: 'sentinel'
      /** Of the sentinels. */
      readonly nodes: readonly Address[]
      readonly masterName: string
      readonly username: string | undefined
      readonly password: string | undefined
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly Address[] }

export interface TlsSettings {
  /** `disable`: the chain is checked, the host name is not; as the classic connector did. */
  readonly mode: 'disable' | 'no-verify' | 'verify-ca' | 'verify-full'
  /** PEM texts. */
  readonly caCertificate: string | undefined
  readonly clientCertificate: string | undefined
  readonly clientKey: string | undefined
  readonly clientKeyPassword: string | undefined
  /** The name to ask for, and to find in the certificate, where it is not the host. */
  readonly serverName: string | undefined
}

export interface TunnelSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  /** A private key as PEM text, with its passphrase where it is encrypted; or a password. */
  readonly credential:
    { readonly key: string; readonly passphrase?: string | undefined } | { readonly password: string }
  /** The fingerprint that the host has to show: `SHA256:…`. */
  readonly hostKey: string | undefined
}

/** What a state waits for, besides the replies to what came before it. */
export type Durability =
  | { readonly mode: 'none' }
  /** So many replicas have it in memory (WAIT). */
  | { readonly mode: 'replicas'; readonly count: number; readonly timeoutMs: number }
  /** The master has it on disk, and so many replicas do (WAITAOF). */
  | { readonly mode: 'fsync'; readonly replicas: number; readonly timeoutMs: number }
