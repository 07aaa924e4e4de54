/** What goes wrong between two sides of TLS, as sentences for the operator. Next to nothing of it passes by waiting. */
import type { PeerCertificate } from 'node:tls'
import { ConfigError, TransientError } from '../../errors.ts'

/** What Node and OpenSSL report, by error code. The first rule that fits holds. */
const RULES: readonly (readonly [code: RegExp, sentence: (where: string) => string])[] = [
  [
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    (where) =>
      `The certificate of ${where} is signed by itself, and not trusted. If it is the right one, put it into ssl_mode.ca_certificate.`,
  ],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/,
    (where) =>
      `The certificate of ${where} is signed by an authority that is not known. ` +
      'Put the certificate of that authority, and of any in between, into ssl_mode.ca_certificate.',
  ],
  [
    /^CERT_SIGNATURE_FAILURE$/,
    (where) =>
      `The certificate of ${where} was not signed by the authority in ssl_mode.ca_certificate, but by another of the same name.`,
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    (where) =>
      `The certificate of ${where}, or of an authority that signed it, has expired. Renew it, or check the clock of this machine.`,
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    (where) =>
      `The certificate of ${where}, or of an authority that signed it, is not valid yet. Check its dates and the clock of this machine.`,
  ],
  [
    /CERTIFICATE_REQUIRED/,
    (where) =>
      `${where} demands a client certificate. Set ssl_mode.client_certificate and ssl_mode.client_key.`,
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED|DECRYPT_ERROR)/,
    (where) =>
      `${where} refuses the client certificate, or misses one. Check that ssl_mode.client_certificate is set, valid, and signed by an authority that the server trusts.`,
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    (where) =>
      `${where} refuses the TLS handshake. It may demand a client certificate (ssl_mode.client_certificate and ssl_mode.client_key), or have no cipher in common.`,
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/,
    (where) => `${where} speaks no version of TLS that is safe. Have it speak TLS 1.2 or 1.3.`,
  ],
  [
    /UNRECOGNIZED_NAME/,
    (where) =>
      `${where} does not know the name that it is asked for. Set ssl_mode.server_name to a name that it has.`,
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_TYPE|UNEXPECTED_MESSAGE/,
    (where) => noTls(where),
  ],
  [
    /KEY_TOO_SMALL|MD_TOO_WEAK|KEY_TOO_WEAK/,
    (where) => `${where} shows a certificate or a key that is too weak to be trusted. Have it made anew.`,
  ],
]

/** Gives undefined where it is nothing of TLS, or may pass. `isCertificate`: the certificate was not accepted. */
export function tlsProblem(error: unknown, where: string, isCertificate = false): ConfigError | undefined {
  if (!(error instanceof Error)) return undefined
  const { message } = error
  const code = codeOf(error)
  if (code.startsWith('ERR_TLS_CERT_ALTNAME')) return wrongName(error, where)
  if (!isCertificate && !code.startsWith('ERR_SSL')) return undefined
  const sentence = RULES.find(([pattern]) => pattern.test(code))?.[1]
  if (sentence !== undefined) return new ConfigError(sentence(where), { cause: error })
  if (isCertificate)
    return new ConfigError(`The certificate of ${where} cannot be trusted: ${message}.`, { cause: error })
  return undefined
}

/** Whether the other side closed the connection without a word about why, or with one that makes no sense. */
export function isCutShort(error: unknown): boolean {
  return (
    error instanceof Error && error.name === 'Error' && ['', 'ECONNRESET', 'EPIPE'].includes(codeOf(error))
  )
}

/** Those that a signal is aborted with have numbers. */
function codeOf({ code = '' }: Error & { code?: string | number }): string {
  return String(code)
}

export function cutInHandshake(where: string, cause: unknown): TransientError {
  const sentence = `The connection to ${where} was lost in the TLS handshake. Check that TLS is spoken at that port.`
  return new TransientError(sentence, { cause })
}

export function noTls(where: string): string {
  return `${where} does not speak TLS. Set ssl to false (with a url: redis:// in place of rediss://), or give the port where it does.`
}

export function wantsTls(where: string): string {
  return `${where} wants TLS. Set ssl to true (with a url: rediss:// in place of redis://), or give its port for plain text.`
}

type NameError = Error & { host?: string; cert?: PeerCertificate }

function wrongName(error: NameError, where: string): ConfigError {
  const { subject, subjectaltname } = error.cert ?? {}
  const names = subjectaltname?.replaceAll(/(DNS|IP Address):/g, '') ?? String(subject?.CN ?? 'no name')
  return new ConfigError(
    `The certificate of ${where} is not for ${error.host}, but for ${names}. ` +
      'Set ssl_mode.server_name to the name that it is for, or ssl_mode.mode to verify-ca, which does not ask for the name.',
    { cause: error },
  )
}
