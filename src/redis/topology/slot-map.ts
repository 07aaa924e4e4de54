/** Reads from a node of a cluster which master has which slots. */
import type { Address, Connection } from '../../config/settings/config.ts'
import { ConfigError, problem, TransientError } from '../../errors.ts'
import { addressText, namedAddress } from '../transport/address.ts'
import { ProtocolError } from '../resp/protocol-error.ts'
import { openConnection } from '../session/open-connection.ts'
import { SLOTS } from '../resp/key-slot.ts'
import type { Transport } from '../transport/transport.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'
import { limitMs } from '../session/time-limits.ts'

/** Short, as another node may answer sooner. */
const LIMITS = { handshakeMs: limitMs(3_000), replyMs: limitMs(3_000) }

const NO_OWNER = 0xffff

/** Redis recommends no more nodes in a cluster. Each master takes connections and memory. */
const MOST_MASTERS = 1_000

export async function readSlotMap(
  transport: Transport,
  connection: Connection,
  node: Address,
): Promise<Topology> {
  await using server = await openConnection(transport, node, { ...connection, database: 0 }, LIMITS)
  return slotMapOf(await server.call('CLUSTER', 'SLOTS'), node)
}

/** Reads `[[first slot, last slot, [host, port, ...] of the master, ...], ...]`. */
function slotMapOf(reply: Reply, node: Address): Topology {
  const masters: Address[] = []
  const indexes = new Map<string, number>()
  const owners = new Uint16Array(SLOTS).fill(NO_OWNER)
  for (const [first, last, master] of reply as [number, number, [string | null, number]][]) {
    const address = addressOf(master, node)
    const name = addressText(address)
    if (!indexes.has(name)) indexes.set(name, masters.push(address) - 1)
    owners.fill(indexes.get(name)!, first, last + 1)
  }
  if (masters.length > MOST_MASTERS) throw tooManyMasters(masters.length, addressText(node))
  const slot = owners.indexOf(NO_OWNER)
  if (slot !== -1) {
    const where = addressText(node)
    throw new TransientError(
      problem(
        'slot-without-master',
        `No master of the cluster has slot ${slot}, as ${where} sees it. Look at CLUSTER INFO and CLUSTER SLOTS there.`,
        { params: { where, slot } },
      ),
    )
  }
  return { masters, owners }
}

function tooManyMasters(count: number, where: string): ConfigError {
  const sentence = `The cluster has ${count} masters, as ${where} sees it. The connector connects to ${MOST_MASTERS} at most.`
  return new ConfigError(problem('cluster-too-large', sentence, { params: { where, masters: count } }))
}

/** A node leaves out its own host name if it does not have one: then the master is the node that answers. */
function addressOf([host, port]: [string | null, number], node: Address): Address {
  const isNamed = host !== null && host !== '' && host !== '?'
  const address = namedAddress(isNamed ? host : 'host' in node ? node.host : '', port)
  if (address === undefined) throw new ProtocolError('other type', 'CLUSTER SLOTS')
  return address
}
