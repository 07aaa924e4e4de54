// Reads the lines of CLUSTER NODES: the nodes of a cluster as one of them sees them.
import type { Redis } from 'ioredis'

export interface ClusterNode {
  id: string
  port: number
  /** The master of a replica; undefined for a master. */
  masterId: string | undefined
  /** Whether the node is neither marked as failed nor suspected of it. */
  isAlive: boolean
  /** Whether the handshake is over and the id is final. */
  isKnown: boolean
  slots: number[]
}

export async function readNodes(client: Redis): Promise<ClusterNode[]> {
  const text = (await client.cluster('NODES')) as string
  return text.trim().split('\n').map(parse)
}

/**
 * Returns a node's view of the running nodes as text, so that the views of several nodes can be compared. Returns
 * undefined while slots are not served, a replica is not in sync, or the view of a node's failure is wrong.
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
    // Slots in brackets are being moved from or to this node.
    slots: ranges.filter((range) => !range.startsWith('[')).flatMap(numbersOf),
  }
}

function numbersOf(range: string): number[] {
  const [first = 0, last = first] = range.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}
