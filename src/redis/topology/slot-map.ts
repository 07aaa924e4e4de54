/** Asks a node of a cluster which master has which slots. */
import type { Address, Connection } from '../../config/settings/config.ts'
import { TransientError } from '../../errors.ts'
import { addressText } from '../transport/address.ts'
import { openConnection } from '../session/open-connection.ts'
import { SLOTS } from '../resp/key-slot.ts'
import type { Transport } from '../transport/transport.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'

/** Another node may answer sooner. */
const LONGEST_MS = 3_000

const NOBODY = 0xffff

export async function readSlotMap(
  transport: Transport,
  connection: Connection,
  node: Address,
): Promise<Topology> {
  await using server = await openConnection(transport, node, { ...connection, database: 0 }, LONGEST_MS)
  return slotMapIn(await server.call('CLUSTER', 'SLOTS'), node)
}

/** Of `[[first slot, last slot, [host, port, ...] of the master, ...], ...]`. */
function slotMapIn(reply: Reply, node: Address): Topology {
  const masters: Address[] = []
  const indexes = new Map<string, number>()
  const owners = new Uint16Array(SLOTS).fill(NOBODY)
  for (const [first, last, master] of reply as [number, number, [string | null, number]][]) {
    const address = announced(master, node)
    const name = addressText(address)
    if (!indexes.has(name)) indexes.set(name, masters.push(address) - 1)
    owners.fill(indexes.get(name)!, first, last + 1)
  }
  const missing = owners.indexOf(NOBODY)
  if (missing !== -1)
    throw new TransientError(
      `No master of the cluster has slot ${missing}, as ${addressText(node)} sees it. Look at CLUSTER INFO and CLUSTER SLOTS there.`,
    )
  return { masters, owners }
}

/** A node that does not know its own name leaves it out: it is the one that was asked. */
function announced([host, port]: [string | null, number], node: Address): Address {
  const isKnown = host !== null && host !== '' && host !== '?'
  return { host: isKnown ? host : 'host' in node ? node.host : '', port }
}
