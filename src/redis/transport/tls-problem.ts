/** Says what goes wrong between the two sides of TLS. Almost none of it is temporary. */
import type { PeerCertificate } from 'node:tls'
import { ConfigError, problem, TransientError, type Problem } from '../../errors.ts'
import type { Where } from './address.ts'

interface Rule {
  /** Of the error code of Node or OpenSSL. */
  readonly pattern: RegExp
  readonly code: string
  readonly options: readonly string[]
  readonly sentence: (where: Where, trusted: TrustedAuthorities) => string
}

/** By whom a certificate must be signed: public authorities, or the one in ssl_mode.ca_certificate. */
export type TrustedAuthorities = 'public' | 'configured'

const CA = 'ssl_mode.ca_certificate'
const CLIENT = ['ssl_mode.client_certificate', 'ssl_mode.client_key'] as const
const SERVER_NAME = 'ssl_mode.server_name'

/** The first rule that fits counts. */
const RULES: readonly Rule[] = [
  {
    pattern: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    code: 'certificate-self-signed',
    options: [CA],
    sentence: (where) =>
      `The certificate of ${where} is self-signed and not trusted. If it is the right one, put it into ${CA}.`,
  },
  {
    pattern: /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/,
    code: 'certificate-authority-unknown',
    options: [CA],
    sentence: (where, trusted) =>
      `The certificate of ${where} is not signed by ${trusted === 'public' ? 'a public authority' : `the authority in ${CA}`}. ` +
      `Put the certificate of its authority, and of any in between, into ${CA}.`,
  },
  {
    pattern: /^CERT_SIGNATURE_FAILURE$/,
    code: 'certificate-authority-differs',
    options: [CA],
    sentence: (where) =>
      `The certificate of ${where} was not signed by the authority in ${CA}, but by another one of the same name.`,
  },
  {
    pattern: /^CERT_HAS_EXPIRED$/,
    code: 'certificate-expired',
    options: [],
    sentence: (where) =>
      `The certificate of ${where}, or of an authority that signed it, has expired. Renew it, or check the clock of this machine.`,
  },
  {
    pattern: /^CERT_NOT_YET_VALID$/,
    code: 'certificate-valid-later',
    options: [],
    sentence: (where) =>
      `The certificate of ${where}, or of an authority that signed it, is not valid yet. Check its dates and the clock of this machine.`,
  },
  {
    pattern: /CERTIFICATE_REQUIRED/,
    code: 'client-certificate-required',
    options: CLIENT,
    sentence: (where) => `${where} requires a client certificate. Set ${CLIENT.join(' and ')}.`,
  },
  {
    pattern:
      /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED|DECRYPT_ERROR)/,
    code: 'client-certificate-rejected',
    options: CLIENT,
    sentence: (where) =>
      `${where} rejected our client certificate, or requires one. Check that ${CLIENT[0]} is set, valid, and signed by an authority that the server trusts.`,
  },
  {
    pattern: /ALERT_HANDSHAKE_FAILURE/,
    code: 'tls-handshake-refused',
    options: CLIENT,
    sentence: (where) =>
      `${where} refuses the TLS handshake. It may require a client certificate (${CLIENT.join(' and ')}), or have no cipher in common with us.`,
  },
  {
    pattern: /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/,
    code: 'tls-version-unsafe',
    options: [],
    sentence: (where) => `${where} supports no safe version of TLS. Enable TLS 1.2 or 1.3 there.`,
  },
  {
    pattern: /UNRECOGNIZED_NAME/,
    code: 'server-name-unknown',
    options: [SERVER_NAME],
    sentence: (where) =>
      `${where} does not have a certificate for the requested name. Set ${SERVER_NAME} to a name that it has.`,
  },
  {
    pattern: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_TYPE|UNEXPECTED_MESSAGE/,
    code: 'tls-not-supported',
    options: ['ssl', 'port'],
    sentence: (where) =>
      `${where} does not use TLS. Set ssl to false (with a url: redis:// in place of rediss://), or set the port to one with TLS.`,
  },
  {
    pattern: /KEY_TOO_SMALL|MD_TOO_WEAK|KEY_TOO_WEAK/,
    code: 'certificate-too-weak',
    options: [],
    sentence: (where) =>
      `${where} has a certificate or a key that is too weak to be trusted. Have it issued again.`,
  },
]

/** Returns undefined for an error that is not about TLS, or may be temporary. `trusted`: for one about the certificate. */
export function tlsProblem(
  error: unknown,
  where: Where,
  trusted?: TrustedAuthorities,
): ConfigError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = codeOf(error)
  if (code.startsWith('ERR_TLS_CERT_ALTNAME'))
    return new ConfigError(wrongName(error, where), { cause: error })
  if (trusted === undefined && !code.startsWith('ERR_SSL')) return undefined
  const rule = RULES.find(({ pattern }) => pattern.test(code))
  if (rule !== undefined) return new ConfigError(problemOf(rule, where, trusted), { cause: error })
  if (trusted === undefined) return undefined
  const sentence = `The certificate of ${where} cannot be trusted: ${error.message}.`
  return new ConfigError(problem('certificate-not-trusted', sentence, { params: { where } }), {
    cause: error,
  })
}

/** Returns whether the other side closed the connection, and gave no reason or only a network error. */
export function isCutShort(error: unknown): boolean {
  return (
    error instanceof Error && error.name === 'Error' && ['', 'ECONNRESET', 'EPIPE'].includes(codeOf(error))
  )
}

/** The reasons of abort signals have numbers for codes. */
function codeOf({ code = '' }: Error & { code?: string | number }): string {
  return String(code)
}

export function cutInHandshake(where: Where, cause: unknown): TransientError {
  const sentence = `The connection to ${where} was lost in the TLS handshake. Check that the server uses TLS at this port.`
  return new TransientError(problem('tls-handshake-lost', sentence, { params: { where } }), { cause })
}

/** The server speaks plain text, and the connection uses TLS. */
export function tlsNotSupported(where: Where): Problem {
  return problemOf(
    RULES.find(({ code }) => code === 'tls-not-supported')!,
    where,
  )
}

/** The server speaks TLS, and the connection uses plain text. */
export function tlsRequired(where: Where): Problem {
  const sentence = `${where} requires TLS. Set ssl to true (with a url: rediss:// in place of redis://), or set the port to one without TLS.`
  return problem('tls-required', sentence, { options: ['ssl', 'port'], params: { where } })
}

function problemOf(
  { code, options, sentence }: Rule,
  where: Where,
  trusted: TrustedAuthorities = 'public',
): Problem {
  return problem(code, sentence(where, trusted), { options, params: { where } })
}

type NameError = Error & { host?: string; cert?: PeerCertificate }

function wrongName(error: NameError, where: Where): Problem {
  const { subject, subjectaltname } = error.cert ?? {}
  const names = subjectaltname?.replaceAll(/(DNS|IP Address):/g, '') ?? String(subject?.CN ?? 'no name')
  return problem(
    'certificate-name-differs',
    `The certificate of ${where} is not for ${error.host}, but for ${names}. ` +
      `Set ${SERVER_NAME} to the name that it is for, or ssl_mode.mode to verify-ca, which does not check the name.`,
    { options: [SERVER_NAME, 'ssl_mode.mode'], params: { where, name: error.host ?? '', names } },
  )
}
