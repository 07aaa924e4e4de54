// What a node of a Redis Cluster tells about the nodes that it knows: the lines of CLUSTER NODES.
import type { Redis } from 'ioredis'

export interface ClusterNode {
  id: string
  port: number
  /** Undefined for a master. */
  masterId: string | undefined
  /** Not taken for dead, nor suspected of it. */
  isAlive: boolean
  /** Met, and known by its lasting id. */
  isKnown: boolean
  slots: number[]
}

export async function readNodes(client: Redis): Promise<ClusterNode[]> {
  const text = (await client.cluster('NODES')) as string
  return text.trim().split('\n').map(parse)
}

/**
 * What a node believes of those that are up, as text, so that the beliefs of several can be compared; undefined while
 * slots are not served, a copy is not in sync, or it takes any node for up or down that is not.
 */
export async function readView(client: Redis, portsUp: ReadonlySet<number>): Promise<string | undefined> {
  const [nodes, info, replication] = await Promise.all([
    readNodes(client),
    client.cluster('INFO'),
    client.info('replication'),
  ])
  const isInSync = !/^master_link_status:down/m.test(replication) && !/state=(?!online)/.test(replication)
  if (!/^cluster_state:ok/m.test(info) || !isInSync) return undefined
  if (nodes.some(({ port, isAlive }) => isAlive !== portsUp.has(port))) return undefined
  const alive = nodes.filter(({ isAlive }) => isAlive).toSorted((one, other) => one.port - other.port)
  return JSON.stringify(alive.map(({ id, masterId, slots }) => [id, masterId, slots.length, slots[0]]))
}

/** `<id> <host>:<port>@<bus port> <flags> <master id or -> <ping> <pong> <epoch> <link> <slots …>` */
function parse(line: string): ClusterNode {
  const [id = '', address = '', flagText = '', masterId = '-', , , , client, ...ranges] = line.split(' ')
  const flags = flagText.split(',')
  return {
    id,
    port: Number(/:(\d+)/.exec(address)?.[1]),
    masterId: masterId === '-' ? undefined : masterId,
    isAlive: !flags.some((flag) => ['fail', 'fail?', 'handshake', 'noaddr'].includes(flag)),
    isKnown: client === 'connected' && !flags.includes('handshake'),
    // In brackets stand the slots that are on their way from or to the node itself.
    slots: ranges.filter((range) => !range.startsWith('[')).flatMap(numbersOf),
  }
}

function numbersOf(range: string): number[] {
  const [first = 0, last = first] = range.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}
