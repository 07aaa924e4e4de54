/**
 * Trusts certificates that have the same name as the authority that signed them: a common recipe for stunnel names both
 * localhost. OpenSSL treats such a certificate as self-signed, and does not look for the authority.
 */
import type { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { waitForOpen } from './wait-for-open.ts'
import { nameOptions } from './tls.ts'

/** Returns whether a connection failed because the certificate was treated as self-signed. */
export function isTreatedAsSelfSigned(error: unknown): boolean {
  const { cause } = error as Error
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
}

/** Returns the certificate of a server if one of the authorities has signed it. Nothing else about it is checked. */
export async function readSameNameCertificate(
  stream: Duplex,
  name: string,
  authorities: readonly X509Certificate[],
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  // No data is sent over this connection; the next one decides whether the certificate is trusted.
  const socket = connect({ socket: stream, rejectUnauthorized: false, ...nameOptions(name) })
  try {
    await waitForOpen(socket, 'secureConnect', signal)
    const shown = socket.getPeerX509Certificate()
    return shown !== undefined && authorities.some((authority) => hasSigned(authority, shown))
      ? shown
      : undefined
  } finally {
    socket.destroy()
    stream.destroy()
  }
}

function hasSigned(authority: X509Certificate, certificate: X509Certificate): boolean {
  const now = new Date()
  const isValid = authority.validFromDate <= now && now <= authority.validToDate
  return (
    authority.ca && isValid && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
  )
}
