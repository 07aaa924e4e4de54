/** Asks one sentinel for the master, for the configuration epoch of that answer, and for the other sentinels. */
import type { Address, Deployment } from '../../config/settings/config.ts'
import { addressText, namedAddress } from '../transport/address.ts'
import { openConnection, type OpenConnection } from '../session/open-connection.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import { ProtocolError } from '../resp/protocol-error.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'
import { limitMs } from '../session/time-limits.ts'

export type SentinelDeployment = Extract<Deployment, { kind: 'sentinel' }>

/** A sentinel that takes longer is left out, as others can answer. */
const LIMITS = { handshakeMs: limitMs(2_000), replyMs: limitMs(2_000) }

export interface NamedMaster {
  readonly kind: 'named'
  readonly master: Address
  /** Grows with each failover; 0 where the sentinel does not report it. */
  readonly epoch: number
  /** The addresses of the other sentinels. */
  readonly others: readonly Address[]
  /** Identifies the sentinel: its run id, or its address. */
  readonly sentinel: string
}

export type SentinelAnswer =
  | NamedMaster
  /** The sentinel does not watch a master of this name, but `names`. */
  | { readonly kind: 'unknown'; readonly names: readonly string[] }
  | { readonly kind: 'failed'; readonly where: string; readonly error: unknown }

/** Returns the answer of one sentinel. Never rejects. */
export async function askSentinel(
  transport: Transport,
  address: Address,
  deployment: SentinelDeployment,
): Promise<SentinelAnswer> {
  const { username, password, masterName } = deployment
  const where = addressText(address)
  try {
    const login = { username, password, database: 0 }
    await using sentinel = await openConnection(transport, address, login, LIMITS)
    return await readAnswer(sentinel, where, masterName)
  } catch (error) {
    return { kind: 'failed', where, error }
  }
}

async function readAnswer(
  sentinel: OpenConnection,
  where: string,
  masterName: string,
): Promise<SentinelAnswer> {
  const ask = (subcommand: string): Promise<Reply> => sentinel.call('SENTINEL', subcommand, masterName)
  // A sentinel may allow only the first of these.
  const [address, master, others] = await Promise.all([
    ask('get-master-addr-by-name'),
    ask('master').catch(ignoreReplyError),
    ask('sentinels').catch(ignoreReplyError),
  ])
  if (!Array.isArray(address)) return { kind: 'unknown', names: await readNames(sentinel) }
  const [host, port] = address
  const named = namedAddress(String(host), Number(port))
  if (named === undefined) throw new ProtocolError('other type', 'SENTINEL GET-MASTER-ADDR-BY-NAME')
  return {
    kind: 'named',
    master: named,
    epoch: Number(fieldsOf(master)['config-epoch'] ?? 0),
    others: Array.isArray(others) ? others.flatMap((other) => addressOf(other) ?? []) : [],
    sentinel: sentinel.identity.runId ?? where,
  }
}

async function readNames(sentinel: OpenConnection): Promise<string[]> {
  const masters = await sentinel.call('SENTINEL', 'masters').catch(ignoreReplyError)
  return Array.isArray(masters) ? masters.map((master) => fieldsOf(master)['name'] ?? '') : []
}

function addressOf(reply: Reply): Address | undefined {
  const { ip = '', port } = fieldsOf(reply)
  return namedAddress(ip, Number(port))
}

/** Reads an array of names and values in turn. */
function fieldsOf(reply: Reply | undefined): Record<string, string> {
  if (!Array.isArray(reply)) return {}
  const pairs = reply.flatMap((name, at) =>
    at % 2 === 0 ? [[String(name), String(reply[at + 1])] as const] : [],
  )
  return Object.fromEntries(pairs)
}
