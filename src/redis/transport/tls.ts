/** TLS on top of a byte stream: whom to trust, which name to expect, and what to show of ourselves. */
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { Address, TlsSettings } from '../../config/settings/config.ts'
import { addressText } from './address.ts'
import { opened } from './wait-for-open.ts'
import type { Credentials } from './tls-credentials.ts'
import { cutInHandshake, isCutShort, tlsProblem } from './tls-problems.ts'

export interface Tls {
  readonly settings: TlsSettings
  readonly credentials: Credentials
}

/** Resolves when the handshake is done and the certificate is as the mode wants it; else the stream is closed. */
export async function secured(
  stream: Duplex,
  address: Address,
  { settings, credentials }: Tls,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const name = nameAt(address, settings)
  const socket = connect({
    socket: stream,
    secureContext: credentials.secureContext,
    ...nameOptions(name),
    ...verification(settings.mode, name),
  })
  try {
    return await opened(socket, 'secureConnect', signal)
  } catch (error) {
    stream.destroy()
    const where = addressText(address)
    // Node names why a certificate is not accepted; all else is the handshake's.
    const problem = tlsProblem(error, where, Boolean(socket.authorizationError))
    throw problem ?? (isCutShort(error) ? cutInHandshake(where, error) : error)
  }
}

/** The name that the server's certificate should be for. */
export function nameAt(address: Address, { serverName }: TlsSettings): string {
  return serverName ?? ('host' in address ? address.host : '')
}

/** Servers that have several certificates choose by the name; an address may not be sent as one (RFC 6066). */
export function nameOptions(name: string): ConnectionOptions {
  return { servername: isIP(name) === 0 ? name : '' }
}

function verification(mode: TlsSettings['mode'], name: string): ConnectionOptions {
  if (mode === 'no-verify') return { rejectUnauthorized: false }
  const checkName: ConnectionOptions['checkServerIdentity'] = (_, certificate) =>
    checkServerIdentity(name, certificate)
  return {
    rejectUnauthorized: true,
    checkServerIdentity: mode === 'verify-full' ? checkName : () => undefined,
  }
}
