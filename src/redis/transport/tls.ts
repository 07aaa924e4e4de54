/** Opens TLS on top of a byte stream: checks the server's certificate and name, and sends our certificate. */
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { Address, TlsSettings } from '../../config/settings/config.ts'
import { addressText } from './address.ts'
import { waitForOpen } from './wait-for-open.ts'
import type { Credentials } from './tls-credentials.ts'
import { cutInHandshake, isCutShort, tlsProblem } from './tls-problem.ts'

export interface Tls {
  readonly settings: TlsSettings
  readonly credentials: Credentials
}

/** Resolves when the handshake is done and the certificate fulfils the mode; otherwise rejects, with the stream closed. */
export async function openTls(
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
    return await waitForOpen(socket, 'secureConnect', signal)
  } catch (error) {
    stream.destroy()
    const where = addressText(address)
    // Node sets `authorizationError` when it does not accept the certificate; other errors are about the handshake.
    const trusted = settings.caCertificate === undefined ? 'public' : 'configured'
    const problem = tlsProblem(error, where, socket.authorizationError ? trusted : undefined)
    throw problem ?? (isCutShort(error) ? cutInHandshake(where, error) : error)
  }
}

/** Returns the name that the server's certificate must be for. */
export function nameAt(address: Address, { serverName }: TlsSettings): string {
  return serverName ?? ('host' in address ? address.host : '')
}

/** Sends the name, by which a server with several certificates chooses one; an IP address must not be sent (RFC 6066). */
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
