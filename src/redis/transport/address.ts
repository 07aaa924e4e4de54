/** Reads and writes the addresses of servers as text. */
import type { Address } from '../../config/settings/config.ts'

/** The address of a server in sentences: `host:port`. */
export type Where = string

/** Returns `host:port`, `[IPv6]:port`, or the path of a socket. */
export function addressText(address: Address): string {
  if ('path' in address) return address.path
  const { host, port } = address
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Reads `host:port`; the host may be an IPv6 address, with brackets or without. */
export function readAddress(text: string): Exclude<Address, { path: string }> | undefined {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replace(/^\[|\]$/g, '')
  const port = Number(text.slice(at + 1))
  return at > 0 && host !== '' && Number.isInteger(port) && port > 0 ? { host, port } : undefined
}
