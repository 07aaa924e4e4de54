import type { Problem } from '../../errors.ts'
import type { RecordSettings, StreamSettings } from './record-settings.ts'

/** The configuration of the operator, checked and with defaults filled in. */
export interface Config {
  readonly connection: Connection
  readonly durability: Durability
  /** The text before the connector's own keys that belong to no stream. */
  readonly keyPrefix: string
  /** The settings of streams that have no entry of their own. */
  readonly records: RecordSettings
  readonly streams: readonly StreamSettings[]
  /** Why streams without an entry of their own cannot be written; empty if they can. */
  readonly defaultProblems: readonly Problem[]
  /** How a CDC delete changes its row, in a stream that is deduplicated. */
  readonly deleteMode: 'hard' | 'soft' | 'ttl'
  /** Defined if `deleteMode` is `ttl`. */
  readonly deleteTtlSeconds: number | undefined
  /** How long a deleted row is remembered, so that no older record restores it. */
  readonly tombstoneSeconds: number
  /** Which streams record the keys they write. */
  readonly trackKeys: 'auto' | 'always' | 'never'
  /** What completes a stream: its status COMPLETE, or the end of the input; `auto` depends on the host. */
  readonly completion: 'auto' | 'status' | 'end_of_input'
  readonly onRecordError: 'fail' | 'dead_letter'
  /** The approximate number of records that the dead letter stream keeps. */
  readonly deadLetterMaxLength: number
  /** How long the run waits for a server that cannot accept writes. */
  readonly maxOutageSeconds: number
  readonly batchRecords: number
  readonly batchBytes: number
  readonly maxInFlightBytes: number
  /** A line of the input may have so many bytes. */
  readonly maxLineBytes: number
}

export interface Connection {
  readonly deployment: Deployment
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly tls: TlsSettings | undefined
  readonly tunnel: TunnelSettings | undefined
  /** Says which hosts sentinels and cluster nodes may name; undefined where they may name any. */
  readonly redirectHosts: HostRules | undefined
}

/** Returns whether servers may name a host. */
export type HostRules = (host: string) => boolean

/** The address of a server: a host and its port, or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

export type Deployment =
  | { readonly kind: 'standalone'; readonly address: Address }
  | {
      readonly kind: 'sentinel'
      /** The sentinels. */
      readonly nodes: readonly Address[]
      readonly masterName: string
      readonly username: string | undefined
      readonly password: string | undefined
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly Address[] }

export interface TlsSettings {
  /** `disable` checks the chain but not the host name, like the classic connector. */
  readonly mode: 'disable' | 'no-verify' | 'verify-ca' | 'verify-full'
  /** PEM texts. */
  readonly caCertificate: string | undefined
  readonly clientCertificate: string | undefined
  readonly clientKey: string | undefined
  readonly clientKeyPassword: string | undefined
  /** The name that is requested, and expected in the certificate, if it is not the host. */
  readonly serverName: string | undefined
}

export interface TunnelSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  /** A private key as PEM text, with the passphrase if it is encrypted; or a password. */
  readonly credential:
    { readonly key: string; readonly passphrase?: string | undefined } | { readonly password: string }
  /** The fingerprint that the host must have: `SHA256:…`. */
  readonly hostKey: string | undefined
  /** Whether the host may sign with SHA-1 (`ssh-rsa`). */
  readonly allowSha1: boolean
}

/** What a state waits for, beside the replies to the records before it. */
export type Durability =
  | { readonly mode: 'none' }
  /** `count` replicas have the writes in memory (WAIT). */
  | { readonly mode: 'replicas'; readonly count: number; readonly timeoutMs: number }
  /** The master has the writes on disk, and so do `replicas` replicas (WAITAOF). */
  | { readonly mode: 'fsync'; readonly replicas: number; readonly timeoutMs: number }
