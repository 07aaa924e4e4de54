/** The options of the connection → where, as whom and through what to connect. */
import type { Address, Connection } from '../settings/config.ts'
import { readSeveral, type DeploymentOptions } from './deployment.ts'
import { hostProblem, withoutBrackets } from './host-port.ts'
import { readTls, type TlsOptions } from './tls-options.ts'
import { readTunnel, type TunnelOptions } from './tunnel-options.ts'
import { readUrl, REDIS_PORT } from './url.ts'

/** The fields of spec/spec.json, with its defaults filled in; the schema's own rules may still be broken. */
export interface ConnectionOptions {
  host?: unknown
  port: number
  username?: string
  password?: string
  url?: string
  database?: number
  ssl: unknown
  ssl_mode?: TlsOptions
  deployment?: DeploymentOptions
  tunnel_method?: TunnelOptions
}

/** `usesTls`: as a URL says; undefined where that cannot be known. */
type Place = Omit<Connection, 'tls' | 'tunnel'> & { readonly usesTls: boolean | undefined }

/** Is to be used only where there is no problem. */
export function readConnection(options: ConnectionOptions, problems: string[]): Connection {
  const { usesTls, ...place } = readPlace(options, problems)
  const tunnel = readTunnel(options.tunnel_method, problems)
  const { deployment } = place
  if (deployment.kind === 'standalone' && 'path' in deployment.address) {
    if (options.ssl === true)
      problems.push('url and ssl: a Unix socket has no TLS; set ssl to false, or give the URL of a TLS port')
    if (tunnel !== undefined)
      problems.push(
        'url and tunnel_method: a Unix socket cannot be reached through a tunnel; use NO_TUNNEL, or give the URL of a port',
      )
  }
  return Object.freeze({
    ...place,
    tls: readTls(options.ssl, options.ssl_mode, usesTls, problems),
    tunnel,
  })
}

function readPlace(options: ConnectionOptions, problems: string[]): Place {
  const { deployment = { mode: 'standalone' }, url } = options
  switch (deployment.mode) {
    case 'sentinel':
    case 'cluster':
      return severalServers(options, deployment, problems)
    case 'standalone':
      return url === undefined ? oneServer(options, problems) : oneUrl(options, url, problems)
    default:
      // An unknown mode; the schema says so.
      return nowhere(options)
  }
}

function oneServer(options: ConnectionOptions, problems: string[]): Place {
  const { host, port } = options
  if (host === undefined) problems.push('host: is missing; give the host of your Redis server, or a url')
  const name = typeof host === 'string' ? host : ''
  const wrong = name === '' ? undefined : hostProblem(name, 'port')
  if (wrong !== undefined) problems.push(`host: ${wrong}`)
  const address = { host: withoutBrackets(name), port }
  return { ...login(options), deployment: standalone(address), usesTls: false }
}

function oneUrl(options: ConnectionOptions, url: string, problems: string[]): Place {
  for (const field of ['host', 'port', 'username', 'password'] as const)
    if (isGiven(options, field)) problems.push(`url and ${field}: both are given; keep one of them`)
  const found = readUrl(url, 'url', problems)
  if (found === undefined) return nowhere(options)
  const { address, usesTls, username, password } = found
  const database = options.database ?? found.database ?? 0
  return { deployment: standalone(address), usesTls, username, password, database }
}

function severalServers(
  options: ConnectionOptions,
  deployment: Exclude<DeploymentOptions, { mode: 'standalone' }>,
  problems: string[],
): Place {
  const { mode } = deployment
  for (const field of ['host', 'port', 'url'] as const)
    if (isGiven(options, field))
      problems.push(
        `${field} and deployment: both are given, and a ${mode} deployment is found by its nodes; leave ${field} out`,
      )
  if (mode === 'cluster' && Number.isInteger(options.database) && options.database !== 0)
    problems.push('database and deployment: a cluster has database 0 only; leave database out')
  return { ...login(options), ...readSeveral(deployment, options.ssl, problems) }
}

/** Forms fill in what is the default, and leave empty what is not set. */
function isGiven(
  options: ConnectionOptions,
  field: 'host' | 'port' | 'username' | 'password' | 'url',
): boolean {
  const value: unknown = options[field]
  return value !== undefined && value !== '' && !(field === 'port' && value === REDIS_PORT)
}

function login({ username, password, database }: ConnectionOptions) {
  return { username: username || undefined, password: password || undefined, database: database ?? 0 }
}

function standalone(address: Address): Connection['deployment'] {
  return Object.freeze({ kind: 'standalone', address: Object.freeze(address) })
}

/** Where a problem has been found already. */
function nowhere(options: ConnectionOptions): Place {
  return { ...login(options), deployment: standalone({ host: '', port: 0 }), usesTls: undefined }
}
