/** Reads and writes the addresses of servers as text. */
import type { Address } from '../../config/settings/config.ts'

type HostAddress = Exclude<Address, { path: string }>

/** The address of a server in sentences: `host:port`. */
export type Where = string

/** Returns `host:port`, `[IPv6]:port`, or the path of a socket. */
export function addressText(address: Address): string {
  if ('path' in address) return address.path
  const { host, port } = address
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Reads `host:port`; the host may be an IPv6 address, with brackets or without. */
export function readAddress(text: string): HostAddress | undefined {
  const at = text.lastIndexOf(':')
  const host = text.slice(0, at).replace(/^\[|\]$/g, '')
  const port = Number(text.slice(at + 1))
  return at > 0 ? namedAddress(host, port) : undefined
}

/** Names of hosts are not longer, and have no blanks or control characters. */
const HOST = /^[^\s\p{Cc}]{1,255}$/u

/** Returns the address that a server names; undefined for one that nothing can have. An empty host would be this one. */
export function namedAddress(host: string, port: number): HostAddress | undefined {
  return HOST.test(host) && Number.isInteger(port) && port > 0 && port < 65_536 ? { host, port } : undefined
}
