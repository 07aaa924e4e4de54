/** Reads the connection options: the address, the credentials, TLS and the tunnel. */
import { optionProblem, type Problem } from '../../errors.ts'
import type { Address, Connection } from '../settings/config.ts'
import { readNodesDeployment, type DeploymentOptions } from './deployment.ts'
import { hostProblem, withoutBrackets } from './host-port.ts'
import { readRedirectHosts } from './redirect-hosts.ts'
import { readTls, type TlsOptions } from './tls-options.ts'
import { readTunnel, type TunnelOptions } from './tunnel-options.ts'
import { readRedisUrl } from './redis-url.ts'

/** The fields of spec/spec.json, with its defaults filled in; they may still break the rules of the schema. */
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
  redirect_hosts?: string[]
}

/** `usesTls`: whether a URL asks for TLS; undefined where the URL cannot be read. */
type Endpoint = Pick<Connection, 'deployment' | 'username' | 'password' | 'database'> & {
  readonly usesTls: boolean | undefined
}

/** The result is valid only if no problem was added. */
export function readConnection(options: ConnectionOptions, problems: Problem[]): Connection {
  const { usesTls, ...endpoint } = readEndpoint(options, problems)
  const tunnel = readTunnel(options.tunnel_method, problems)
  const { deployment } = endpoint
  if (deployment.kind === 'standalone' && 'path' in deployment.address) {
    if (options.ssl === true)
      problems.push(
        optionProblem(
          'socket-with-tls',
          ['url', 'ssl'],
          'a Unix socket has no TLS; set ssl to false, or url to a TLS port',
        ),
      )
    if (tunnel !== undefined)
      problems.push(
        optionProblem(
          'socket-with-tunnel',
          ['url', 'tunnel_method'],
          'a Unix socket cannot be reached through a tunnel; use NO_TUNNEL, or set url to a port',
        ),
      )
  }
  return Object.freeze({
    ...endpoint,
    tls: readTls(options.ssl, options.ssl_mode, usesTls, problems),
    tunnel,
    redirectHosts: readRedirectHosts(options.redirect_hosts, deployment, problems),
  })
}

function readEndpoint(options: ConnectionOptions, problems: Problem[]): Endpoint {
  const { deployment = { mode: 'standalone' }, url } = options
  switch (deployment.mode) {
    case 'sentinel':
    case 'cluster':
      return nodesEndpoint(options, deployment, problems)
    case 'standalone':
      return url === undefined ? hostEndpoint(options, problems) : urlEndpoint(options, url, problems)
    default:
      // The schema refuses unknown modes.
      return noEndpoint(options)
  }
}

function hostEndpoint(options: ConnectionOptions, problems: Problem[]): Endpoint {
  const { host, port } = options
  if (host === undefined)
    problems.push(
      optionProblem('host-missing', 'host', 'is missing; set the host of your Redis server, or a url'),
    )
  const name = typeof host === 'string' ? host : ''
  const wrongHost = name === '' ? undefined : hostProblem('host', name, 'port')
  if (wrongHost !== undefined) problems.push(wrongHost)
  const address = { host: withoutBrackets(name), port }
  return { ...credentialsOf(options), deployment: standalone(address), usesTls: false }
}

function urlEndpoint(options: ConnectionOptions, url: string, problems: Problem[]): Endpoint {
  for (const option of ['host', 'username', 'password'] as const)
    if (isSet(options, option))
      problems.push(optionProblem('url-and-option', ['url', option], 'both are set; keep one of them'))
  const found = readRedisUrl(url, 'url', problems)
  if (found === undefined) return noEndpoint(options)
  const { address, usesTls, username, password } = found
  const database = options.database ?? found.database ?? 0
  return { deployment: standalone(address), usesTls, username, password, database }
}

function nodesEndpoint(
  options: ConnectionOptions,
  deployment: Exclude<DeploymentOptions, { mode: 'standalone' }>,
  problems: Problem[],
): Endpoint {
  const { mode } = deployment
  for (const option of ['host', 'url'] as const)
    if (isSet(options, option))
      problems.push(
        optionProblem(
          'deployment-and-option',
          [option, 'deployment'],
          `both are set, but the connector finds a ${mode} deployment by its nodes; remove ${option}`,
          { mode },
        ),
      )
  if (mode === 'cluster' && Number.isInteger(options.database) && options.database !== 0)
    problems.push(
      optionProblem(
        'cluster-database',
        ['database', 'deployment'],
        'a cluster has database 0 only; remove database',
      ),
    )
  return { ...credentialsOf(options), ...readNodesDeployment(deployment, options.ssl, problems) }
}

function isSet(options: ConnectionOptions, option: 'host' | 'username' | 'password' | 'url'): boolean {
  return options[option] !== undefined
}

function credentialsOf({ username, password, database }: ConnectionOptions) {
  return { username: username || undefined, password: password || undefined, database: database ?? 0 }
}

function standalone(address: Address): Connection['deployment'] {
  return Object.freeze({ kind: 'standalone', address: Object.freeze(address) })
}

/** Fills the result where a problem was added already. */
function noEndpoint(options: ConnectionOptions): Endpoint {
  return { ...credentialsOf(options), deployment: standalone({ host: '', port: 0 }), usesTls: undefined }
}
