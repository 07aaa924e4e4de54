/** Reads `deployment`: the sentinels, or the nodes of a cluster. */
import { optionProblem, type Problem } from '../../errors.ts'
import type { Deployment } from '../settings/config.ts'
import { readHostPort, type HostPort } from './host-port.ts'
import { REDIS_PORT } from './redis-url.ts'

export type DeploymentOptions =
  | { mode: 'standalone' }
  | {
      mode: 'sentinel'
      nodes?: string[]
      master_name: string
      sentinel_username?: string
      sentinel_password?: string
    }
  | { mode: 'cluster'; nodes?: string[] }

const SENTINEL_PORT = 26_379

export interface NodesDeployment {
  readonly deployment: Exclude<Deployment, { kind: 'standalone' }>
  /** Whether a node is a rediss:// URL; undefined where the nodes cannot be read. */
  readonly usesTls: boolean | undefined
}

/** Adds problems that the schema does not find; the schema refuses wrong types. */
export function readNodesDeployment(
  options: Exclude<DeploymentOptions, { mode: 'standalone' }>,
  ssl: unknown,
  problems: Problem[],
): NodesDeployment {
  return options.mode === 'cluster'
    ? readCluster(options, ssl, problems)
    : { deployment: readSentinel(options, problems), usesTls: false }
}

function readSentinel(
  options: DeploymentOptions & { mode: 'sentinel' },
  problems: Problem[],
): NodesDeployment['deployment'] {
  const nodes = readNodes(options.nodes, { defaultPort: SENTINEL_PORT, mayBeUrl: false }, problems)
  return Object.freeze({
    kind: 'sentinel',
    nodes: addressesOf(nodes),
    masterName: options.master_name,
    username: options.sentinel_username || undefined,
    password: options.sentinel_password || undefined,
  })
}

function readCluster(
  options: DeploymentOptions & { mode: 'cluster' },
  ssl: unknown,
  problems: Problem[],
): NodesDeployment {
  const nodes = readNodes(options.nodes, { defaultPort: REDIS_PORT, mayBeUrl: true }, problems)
  const tlsOfNodes = nodes.map((node) => node.usesTls)
  if (ssl === false && new Set(tlsOfNodes).size > 1)
    problems.push(
      optionProblem(
        'cluster-nodes-mix-tls',
        'deployment.nodes',
        'some are rediss:// URLs and some are not, but all nodes of a cluster use TLS or none does; write them alike, or set ssl to true',
      ),
    )
  return {
    deployment: Object.freeze({ kind: 'cluster', nodes: addressesOf(nodes) }),
    usesTls: nodes.length === options.nodes?.length ? tlsOfNodes.includes(true) : undefined,
  }
}

function readNodes(
  texts: unknown,
  form: Parameters<typeof readHostPort>[2],
  problems: Problem[],
): HostPort[] {
  if (!Array.isArray(texts)) return []
  return texts.flatMap((text: unknown, index) =>
    typeof text === 'string' ? (readHostPort(text, `deployment.nodes[${index}]`, form, problems) ?? []) : [],
  )
}

function addressesOf(nodes: readonly HostPort[]) {
  return Object.freeze(nodes.map(({ host, port }) => Object.freeze({ host, port })))
}
