/** `deployment` → the servers of a sentinel deployment or a cluster. */
import type { Deployment } from '../settings/config.ts'
import { readHostPort, type HostPort } from './host-port.ts'
import { REDIS_PORT } from './url.ts'

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

/** `usesTls`: as the nodes say; undefined where they cannot be read. */
export interface Several {
  readonly deployment: Exclude<Deployment, { kind: 'standalone' }>
  readonly usesTls: boolean | undefined
}

/** What is not of the form it should have is for the schema to refuse. */
export function readSeveral(
  options: Exclude<DeploymentOptions, { mode: 'standalone' }>,
  ssl: unknown,
  problems: string[],
): Several {
  return options.mode === 'cluster'
    ? readCluster(options, ssl, problems)
    : { deployment: readSentinel(options, problems), usesTls: false }
}

function readSentinel(
  options: DeploymentOptions & { mode: 'sentinel' },
  problems: string[],
): Several['deployment'] {
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
  problems: string[],
): Several {
  const nodes = readNodes(options.nodes, { defaultPort: REDIS_PORT, mayBeUrl: true }, problems)
  const areSecure = nodes.map((node) => node.usesTls)
  if (ssl === false && new Set(areSecure).size > 1)
    problems.push(
      'deployment.nodes: some are rediss:// and some are not, and a cluster speaks TLS everywhere or nowhere; write them alike, or set ssl to true',
    )
  return {
    deployment: Object.freeze({ kind: 'cluster', nodes: addressesOf(nodes) }),
    usesTls: nodes.length === options.nodes?.length ? areSecure.includes(true) : undefined,
  }
}

function readNodes(texts: unknown, form: Parameters<typeof readHostPort>[2], problems: string[]): HostPort[] {
  if (!Array.isArray(texts)) return []
  return texts.flatMap((text: unknown, index) =>
    typeof text === 'string' ? (readHostPort(text, `deployment.nodes[${index}]`, form, problems) ?? []) : [],
  )
}

function addressesOf(nodes: readonly HostPort[]) {
  return Object.freeze(nodes.map(({ host, port }) => Object.freeze({ host, port })))
}
