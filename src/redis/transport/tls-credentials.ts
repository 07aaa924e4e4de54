/** Reads the certificates and keys of the configuration for TLS; each one that cannot be used has its own error. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls'
import type { TlsSettings } from '../../config/settings/config.ts'
import { ConfigError, optionProblem, type Problem } from '../../errors.ts'

const CERTIFICATE = 'ssl_mode.client_certificate'
const KEY = 'ssl_mode.client_key'
const PASSWORD = 'ssl_mode.client_key_password'

export interface Credentials {
  readonly secureContext: SecureContext
  /** The authorities in the configuration; none where those of the system are trusted. */
  readonly authorities: readonly X509Certificate[]
  /** Certificates of servers that are trusted in addition. */
  readonly trusted: readonly X509Certificate[]
}

/** Throws a ConfigError that names the option. */
export function credentialsOf(tls: TlsSettings, trusted: readonly X509Certificate[] = []): Credentials {
  const { caCertificate } = tls
  const isSet = caCertificate !== undefined
  const authorities = isSet ? certificatesIn(caCertificate, 'ssl_mode.ca_certificate') : []
  const ca = isSet ? [...authorities, ...trusted].map(String) : trustedBySystem()
  // An intermediate authority, or the server's own certificate, is trusted as well if it is in the configuration.
  const trust = { ca, allowPartialTrustChain: isSet }
  const secureContext = createSecureContext({ ...trust, ...clientOf(tls), minVersion: 'TLSv1.2' })
  return { secureContext, authorities, trusted }
}

/** Returns the authorities of the system and those of Node, as a container may have none of its own. */
function trustedBySystem(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
}

function clientOf({ clientCertificate, clientKey, clientKeyPassword }: TlsSettings): SecureContextOptions {
  if (clientCertificate === undefined || clientKey === undefined) return {}
  const [own] = certificatesIn(clientCertificate, CERTIFICATE)
  const key = keyIn(clientKey, clientKeyPassword)
  if (own?.checkPrivateKey(key) !== true)
    throw new ConfigError(
      optionProblem(
        'client-key-mismatch',
        [KEY],
        `does not belong to ${CERTIFICATE}. Set it to the key of that certificate, and of several certificates put the ` +
          "client's own first",
      ),
    )
  return { cert: clientCertificate, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const BLOCK = /^-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----[^]*?-----END \1?CERTIFICATE-----/

/** Reads all certificates of a text. Node ignores a CA certificate that it cannot read. */
function certificatesIn(text: string, field: string): X509Certificate[] {
  // Each part is looked at once, however many beginnings have no end.
  const blocks = text.split(/(?=-----BEGIN )/).flatMap((part) => BLOCK.exec(part)?.[0] ?? [])
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${at + 1} of ${blocks.length}`
      throw new ConfigError(
        optionProblem('certificate-unreadable', [field], `${which} cannot be read. Copy it again, in full`),
        { cause },
      )
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

function keyProblem(text: string, passphrase: string | undefined): Problem {
  if (!text.includes('ENCRYPTED'))
    return optionProblem('client-key-unreadable', [KEY], 'cannot be read. Copy it again, in full')
  return passphrase === undefined
    ? optionProblem('client-key-password-missing', [PASSWORD], 'is missing; the client key is encrypted')
    : optionProblem(
        'client-key-password-wrong',
        [PASSWORD],
        'does not decrypt the client key. Check the password, and that the key was copied in full',
      )
}
