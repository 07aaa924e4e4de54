/**
 * A certificate may bear the name of the authority that signed it: a recipe for stunnel calls both of them localhost.
 * OpenSSL takes it for one that is signed by itself, and does not look for an authority.
 */
import type { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { Duplex } from 'node:stream'
import { opened } from './wait-for-open.ts'
import { nameOptions } from './tls.ts'

export function isTakenForSelfSigned(error: unknown): boolean {
  const { cause } = error as Error
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
}

/** The certificate that a server shows, if one of these authorities has signed it. All else about it is not checked. */
export async function namesakeAt(
  stream: Duplex,
  name: string,
  authorities: readonly X509Certificate[],
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  // Nothing is sent over it; whether it is trusted is decided on the next connection.
  const socket = connect({ socket: stream, rejectUnauthorized: false, ...nameOptions(name) })
  try {
    await opened(socket, 'secureConnect', signal)
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
