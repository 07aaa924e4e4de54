/** Reads hosts, and lists of `host:port`. */
import { isIPv6 } from 'node:net'
import { optionProblem, type Problem } from '../../errors.ts'
import { readRedisUrl } from './redis-url.ts'

export interface HostPort {
  readonly host: string
  readonly port: number
  /** Whether it is a rediss:// URL. */
  readonly usesTls: boolean
}

/** Returns what is wrong with a host, without showing it: it may be a URL with a password. */
export function hostProblem(option: string, host: string, portOption: string): Problem | undefined {
  // The expression of isIPv6 takes long to compile, and every address has a colon.
  if (host.includes(':') && isIPv6(withoutBrackets(host))) return undefined
  const variable = /^\$\{?(\w+)\}?$/.exec(host)?.[1]
  if (variable !== undefined)
    return optionProblem(
      'host-is-variable',
      option,
      `is the name of a variable, which is not replaced; write {{ ${variable} }} for an environment variable`,
      { variable },
    )
  if (host.includes('://'))
    return optionProblem('host-is-url', option, 'is a URL; write the name or address alone')
  if (host.startsWith('/'))
    return optionProblem('host-is-path', option, 'is a path; for a Unix socket, set url to unix:///path')
  if (/^[^:]+:\d+$|\]:\d+$/.test(host))
    return optionProblem('host-contains-port', option, `contains a port; write the port as ${portOption}`)
  if (/[\s:,;@/[\]]/.test(host))
    return optionProblem(
      'host-malformed',
      option,
      'is not the name or address of one host; write it without anything else',
    )
  return undefined
}

/** Removes the brackets that an IPv6 address has in a URL. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

/** Reads `host`, `host:port`, `[IPv6]:port`; or a URL, where URLs are allowed. */
export function readHostPort(
  text: string,
  option: string,
  { defaultPort, mayBeUrl }: { defaultPort: number; mayBeUrl: boolean },
  problems: Problem[],
): HostPort | undefined {
  if (mayBeUrl && /^(rediss?|unix):\/\//.test(text)) return readNodeUrl(text, option, problems)
  const [, host = '', digits] = /^(\[.*\]|[^[\]:]+)(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === '' || hostProblem(option, host, 'port') !== undefined)
    problems.push(
      optionProblem(
        'node-malformed',
        option,
        `must look like host:port${mayBeUrl ? ', or redis://host:port' : ''}; an IPv6 address is written in brackets, [::1]:${defaultPort}`,
      ),
    )
  else if (port < 1 || port > 65_535)
    problems.push(optionProblem('port-out-of-range', option, 'the port must be a number from 1 to 65535'))
  else return { host: withoutBrackets(host), port, usesTls: false }
  return undefined
}

/** A list of nodes is not secret, and all nodes have the same users, so a node's URL has no credentials. */
function readNodeUrl(text: string, option: string, problems: Problem[]): HostPort | undefined {
  const url = readRedisUrl(text, option, problems)
  if (url === undefined) return undefined
  const { address, usesTls, username, password, database } = url
  if (username !== undefined || password !== undefined)
    problems.push(
      optionProblem(
        'node-contains-credentials',
        option,
        'contains a user name or a password; set username and password instead',
      ),
    )
  else if ('path' in address)
    problems.push(
      optionProblem('node-is-socket', option, 'a cluster node has no Unix socket; write redis://host:port'),
    )
  else if (database)
    problems.push(
      optionProblem(
        'node-contains-database',
        option,
        'a cluster has database 0 only; remove the number of the database',
      ),
    )
  else return { ...address, usesTls }
  return undefined
}
