/** Hosts, and lists of `host:port`. */
import { isIPv6 } from 'node:net'
import { readUrl } from './url.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
  /** Whether a URL says so. */
  readonly usesTls: boolean
}

/** What is wrong with a host, behind its field; the host itself is not shown, as it may be a URL with a password. */
export function hostProblem(host: string, portField: string): string | undefined {
  if (isIPv6(withoutBrackets(host))) return undefined
  if (host.includes('://')) return 'is a URL; give the name or address alone'
  if (host.startsWith('/')) return 'is a path; for a Unix socket, give a url: unix:///path'
  if (/^[^:]+:\d+$|\]:\d+$/.test(host)) return `holds a port; give that as ${portField}`
  if (/[\s:,;@/[\]]/.test(host))
    return 'is not the name or address of one host; give it without anything else'
  return undefined
}

/** IPv6 addresses may be written in them, as they are in URLs. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/** `host`, `host:port`, `[IPv6]:port`; or a URL, where those are allowed. */
export function readHostPort(
  text: string,
  field: string,
  { defaultPort, mayBeUrl }: { defaultPort: number; mayBeUrl: boolean },
  problems: string[],
): HostPort | undefined {
  if (mayBeUrl && /^(rediss?|unix):\/\//.test(text)) return readNodeUrl(text, field, problems)
  const [, host = '', digits] = /^(\[.*\]|[^[\]:]+)(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === '' || hostProblem(host, 'port') !== undefined)
    problems.push(
      `${field}: must look like host:port${mayBeUrl ? ', or redis://host:port' : ''}; an IPv6 address is written in brackets, [::1]:${defaultPort}`,
    )
  else if (port < 1 || port > 65_535) problems.push(`${field}: the port must be a number from 1 to 65535`)
  else return { host: withoutBrackets(host), port, usesTls: false }
  return undefined
}

/** A list of nodes is no secret, and all of them know the same users. */
function readNodeUrl(text: string, field: string, problems: string[]): HostPort | undefined {
  const url = readUrl(text, field, problems)
  if (url === undefined) return undefined
  const { address, usesTls, username, password, database } = url
  if (username !== undefined || password !== undefined)
    problems.push(
      `${field}: holds a user name or a password; take them out, and give them as username and password`,
    )
  else if ('path' in address) problems.push(`${field}: a cluster has no Unix socket; give redis://host:port`)
  else if (database) problems.push(`${field}: a cluster has database 0 only; leave the number out`)
  else return { ...address, usesTls }
  return undefined
}
