/** Reads `ssl` and `ssl_mode`: whether the connection uses TLS, and how the server is verified. */
import { optionProblem, type Problem } from '../../errors.ts'
import type { TlsSettings } from '../settings/config.ts'
import { readCertificate, readPrivateKey } from './pem.ts'

export interface TlsOptions {
  /** `standard` is the same as leaving out ssl_mode. */
  mode: TlsSettings['mode'] | 'standard'
  ca_certificate?: string
  client_certificate?: string
  client_key?: string
  client_key_password?: string
  server_name?: string
}

/** Modes that ask for TLS; configurations without TLS may have `disable`. */
const TLS_MODES: readonly unknown[] = ['no-verify', 'verify-ca', 'verify-full']

/** `urlUsesTls`: whether a URL asks for TLS; undefined where the URL cannot be read. */
export function readTls(
  ssl: unknown,
  sslMode: TlsOptions | undefined,
  urlUsesTls: boolean | undefined,
  problems: Problem[],
): TlsSettings | undefined {
  const options: Partial<TlsOptions> = Object(sslMode)
  const settings = Object.freeze({
    mode: options.mode === undefined || options.mode === 'standard' ? 'verify-full' : options.mode,
    caCertificate: readCertificate('ssl_mode.ca_certificate', options.ca_certificate, problems),
    clientCertificate: readCertificate('ssl_mode.client_certificate', options.client_certificate, problems),
    clientKey: readPrivateKey('ssl_mode.client_key', options.client_key, problems),
    clientKeyPassword: options.client_key_password || undefined,
    serverName: options.server_name || undefined,
  })
  problems.push(...clientCertificateProblems(options))
  if (ssl === true || urlUsesTls === true) return settings
  if (ssl === false && urlUsesTls === false && TLS_MODES.includes(options.mode))
    problems.push(
      optionProblem(
        'tls-mode-without-ssl',
        ['ssl', 'ssl_mode'],
        `ssl is false, so the connection would be plain text, but ssl_mode is ${options.mode}; ` +
          'set ssl to true, or the mode of ssl_mode to disable',
        { mode: String(options.mode) },
      ),
    )
  return undefined
}

function clientCertificateProblems(options: Partial<TlsOptions>): Problem[] {
  const [certificate, key, password] = [
    options.client_certificate,
    options.client_key,
    options.client_key_password,
  ].map((text) => text !== undefined && (typeof text !== 'string' || text.trim() !== ''))
  if (certificate && !key)
    return [
      optionProblem(
        'client-key-missing',
        'ssl_mode.client_key',
        'is missing; set it to the key of the client_certificate, or remove both',
      ),
    ]
  if (key && !certificate)
    return [
      optionProblem(
        'client-certificate-missing',
        'ssl_mode.client_certificate',
        'is missing; set it to the certificate of the client_key, or remove both',
      ),
    ]
  return password && !key
    ? [
        optionProblem(
          'client-key-password-without-key',
          'ssl_mode.client_key_password',
          'there is no client_key to decrypt; set client_key, or remove the password',
        ),
      ]
    : []
}

/** Returns warnings about settings that work but are rarely intended. */
export function tlsWarnings(tls: TlsSettings | undefined): Problem[] {
  return tls?.mode === 'no-verify'
    ? [
        optionProblem(
          'tls-not-verified',
          'ssl_mode',
          'no-verify does not verify the server, so it does not protect against man-in-the-middle attacks; use verify-full if you can',
        ),
      ]
    : []
}
