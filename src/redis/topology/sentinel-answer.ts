/** Asks one sentinel for the master, how new its answer is, and who the other sentinels are. */
import type { Address, Deployment } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import { openConnection, type OpenConnection } from '../session/open-connection.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import { withTimeout } from './with-timeout.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'

export type SentinelDeployment = Extract<Deployment, { kind: 'sentinel' }>

/** A sentinel that does not answer within this is passed over. */
const SENTINEL_MS = 2_000

export interface Named {
  readonly kind: 'named'
  readonly master: Address
  /** Grows with each failover; 0 where the sentinel does not tell. */
  readonly epoch: number
  readonly others: readonly Address[]
  /** Tells sentinels apart: an id, or an address. */
  readonly sentinel: string
}

export type Answer =
  | Named
  /** The sentinel does not know the name, but these. */
  | { readonly kind: 'unknown'; readonly names: readonly string[] }
  | { readonly kind: 'failed'; readonly where: string; readonly error: unknown }

/** Never rejects. */
export async function askSentinel(
  transport: Transport,
  address: Address,
  deployment: SentinelDeployment,
): Promise<Answer> {
  const { username, password, masterName } = deployment
  const where = addressText(address)
  try {
    const login = { username, password, database: 0 }
    await using sentinel = await openConnection(transport, address, login, SENTINEL_MS)
    return await withTimeout(SENTINEL_MS, sentinel, question(sentinel, where, masterName))
  } catch (error) {
    return { kind: 'failed', where, error }
  }
}

async function question(sentinel: OpenConnection, where: string, masterName: string): Promise<Answer> {
  const ask = (what: string): Promise<Reply> => sentinel.call('SENTINEL', what, masterName)
  // A sentinel may allow the first alone.
  const [address, master, others] = await Promise.all([
    ask('get-master-addr-by-name'),
    ask('master').catch(ignoreReplyError),
    ask('sentinels').catch(ignoreReplyError),
  ])
  if (!Array.isArray(address)) return { kind: 'unknown', names: await namesOf(sentinel) }
  const [host, port] = address
  return {
    kind: 'named',
    master: { host: String(host), port: Number(port) },
    epoch: Number(fieldsIn(master)['config-epoch'] ?? 0),
    others: Array.isArray(others) ? others.map(addressIn) : [],
    sentinel: sentinel.identity.runId ?? where,
  }
}

async function namesOf(sentinel: OpenConnection): Promise<string[]> {
  const masters = await sentinel.call('SENTINEL', 'masters').catch(ignoreReplyError)
  return Array.isArray(masters) ? masters.map((master) => fieldsIn(master)['name'] ?? '') : []
}

function addressIn(reply: Reply): Address {
  const { ip = '', port } = fieldsIn(reply)
  return { host: ip, port: Number(port) }
}

/** Names and values in turn. */
function fieldsIn(reply: Reply | undefined): Record<string, string> {
  if (!Array.isArray(reply)) return {}
  const pairs = reply.flatMap((name, at) =>
    at % 2 === 0 ? [[String(name), String(reply[at + 1])] as const] : [],
  )
  return Object.fromEntries(pairs)
}
