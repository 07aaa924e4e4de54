/** `ssl` and `ssl_mode` → whether TLS is spoken, and what is checked of the server. */
import type { TlsSettings } from '../settings/config.ts'
import { readPem } from './pem.ts'

export interface TlsOptions {
  mode: TlsSettings['mode']
  ca_certificate?: string
  client_certificate?: string
  client_key?: string
  client_key_password?: string
  server_name?: string
}

/** Modes that say that TLS is wanted; `disable` is what classic configurations without TLS have. */
const TLS_MODES: readonly unknown[] = ['no-verify', 'verify-ca', 'verify-full']

/** `asked`: whether a URL asks for TLS; undefined where that cannot be known. */
export function readTls(
  ssl: unknown,
  options: TlsOptions | undefined,
  asked: boolean | undefined,
  problems: string[],
): TlsSettings | undefined {
  const { mode = 'verify-full' } = (options ?? {}) as Partial<TlsOptions>
  const given: Partial<TlsOptions> = Object(options)
  const settings = Object.freeze({
    mode,
    caCertificate: readPem('ssl_mode.ca_certificate', given.ca_certificate, 'certificate', problems),
    clientCertificate: readPem(
      'ssl_mode.client_certificate',
      given.client_certificate,
      'certificate',
      problems,
    ),
    clientKey: readPem('ssl_mode.client_key', given.client_key, 'key', problems),
    clientKeyPassword: given.client_key_password || undefined,
    serverName: given.server_name || undefined,
  })
  problems.push(...pairProblems(given))
  if (ssl === true || asked === true) return settings
  if (ssl === false && asked === false && TLS_MODES.includes(given.mode))
    problems.push(
      `ssl and ssl_mode: ssl is false, so the connection would be plain text, but ssl_mode is ${given.mode}; ` +
        'set ssl to true, or the mode of ssl_mode to disable',
    )
  return undefined
}

function pairProblems(given: Partial<TlsOptions>): string[] {
  const [certificate, key, password] = [
    given.client_certificate,
    given.client_key,
    given.client_key_password,
  ].map((text) => text !== undefined && (typeof text !== 'string' || text.trim() !== ''))
  if (certificate && !key)
    return ['ssl_mode.client_key: is missing; give the key of the client_certificate, or leave both out']
  if (key && !certificate)
    return [
      'ssl_mode.client_certificate: is missing; give the certificate of the client_key, or leave both out',
    ]
  return password && !key
    ? ['ssl_mode.client_key_password: there is no client_key to open; give one, or leave this out']
    : []
}

/** What works, and is seldom meant. */
export function tlsWarnings(tls: TlsSettings | undefined): string[] {
  return tls?.mode === 'no-verify'
    ? [
        'ssl_mode: no-verify checks nothing of the server, so that whoever sits in between can read and change what you write; use verify-full where you can',
      ]
    : []
}
