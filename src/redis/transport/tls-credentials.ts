/** PEM texts of the configuration → what TLS needs of them; each that cannot be used has a sentence of its own. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls'
import type { TlsSettings } from '../../config/settings/config.ts'
import { ConfigError } from '../../errors.ts'

export interface Credentials {
  readonly secureContext: SecureContext
  /** The authorities that were given; none where those of the system are trusted. */
  readonly authorities: readonly X509Certificate[]
  /** Certificates of servers that are trusted besides. */
  readonly trusted: readonly X509Certificate[]
}

/** Throws a ConfigError that names the option. */
export function credentialsOf(tls: TlsSettings, trusted: readonly X509Certificate[] = []): Credentials {
  const { caCertificate } = tls
  const isGiven = caCertificate !== undefined
  const authorities = isGiven ? certificatesIn(caCertificate, 'ssl_mode.ca_certificate') : []
  const ca = isGiven ? [...authorities, ...trusted].map(String) : trustedBySystem()
  // An authority in between, or the server's own certificate, is trusted as well, if that is what was given.
  const trust = { ca, allowPartialTrustChain: isGiven }
  const secureContext = createSecureContext({ ...trust, ...clientOf(tls), minVersion: 'TLSv1.2' })
  return { secureContext, authorities, trusted }
}

/** The system's authorities, and those that come with Node: a container may have none of its own. */
function trustedBySystem(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

function clientOf({ clientCertificate, clientKey, clientKeyPassword }: TlsSettings): SecureContextOptions {
  if (clientCertificate === undefined || clientKey === undefined) return {}
  const [own] = certificatesIn(clientCertificate, 'ssl_mode.client_certificate')
  const key = keyIn(clientKey, clientKeyPassword)
  if (own?.checkPrivateKey(key) !== true)
    throw new ConfigError(
      'ssl_mode.client_key: does not belong to ssl_mode.client_certificate. Give the key that the certificate was made for, ' +
        "and of several certificates put the client's own first.",
    )
  return { cert: clientCertificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** Node takes no notice of a CA certificate that it cannot read, so this does. */
function certificatesIn(text: string, field: string): X509Certificate[] {
  const blocks =
    text.match(/-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----[^]*?-----END \1?CERTIFICATE-----/g) ?? []
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${at + 1} of ${blocks.length}`
      throw new ConfigError(`${field}: ${which} cannot be read. Copy it again, in full.`, { cause })
    }
  })
}

function keyIn(text: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch (cause) {
    throw new ConfigError(keyProblem(text, passphrase), { cause })
  }
}

function keyProblem(text: string, passphrase: string | undefined): string {
  if (!text.includes('ENCRYPTED')) return 'ssl_mode.client_key: cannot be read. Copy it again, in full.'
  return passphrase === undefined
    ? 'ssl_mode.client_key_password: is missing; the client key is encrypted.'
    : 'ssl_mode.client_key_password: does not open the client key. Check the password, and that the key was copied in full.'
}
