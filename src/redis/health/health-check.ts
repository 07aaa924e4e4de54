/** Finds out whether the servers can do what a run needs. It leaves nothing behind. */
import type { Connection } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import { openConnection, type OpenConnection } from '../session/open-connection.ts'
import { someAtATime } from '../session/some-at-a-time.ts'
import { readServerInfo } from './server-info.ts'
import { failure, finding, report, type Expectations, type Finding, type ReportedFinding } from './finding.ts'
import { checkServer, isSentinel } from './server-checks.ts'
import { checkAnyKey, checkKeyTypes, type KeyToCheck } from './key-checks.ts'
import { checkPermissions, type PermissionRequest } from './permissions.ts'
import { slotOf } from '../resp/key-slot.ts'
import { readTopology } from '../topology/topology-reader.ts'
import { Transport } from '../transport/transport.ts'
import type { ProbeKeys } from '../commands/command-probe.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Where } from '../transport/address.ts'

export interface HealthRequest extends Expectations, PermissionRequest {
  readonly prefix: string
  /** Names two keys of the connector that do not exist, in one slot; other keys at every call. */
  readonly probeKeys: () => ProbeKeys
  /** Names a key with the prefix that does not exist; another one at every call. */
  readonly anyKey: () => string
  /** Keys that a sync will write. */
  readonly keys: readonly KeyToCheck[]
}

/** Checks every server that holds data. */
export async function checkHealth(
  connection: Connection,
  request: HealthRequest,
): Promise<ReportedFinding[]> {
  const notices: ReportedFinding[] = []
  const transport = new Transport(connection, (level, text) => notices.push({ level, text }))
  let topology: Topology
  try {
    topology = await readTopology(transport, connection)
  } catch (error) {
    const found = failure(error, request.deployment)
    return [...notices, ...report([[addressesOf(connection), found]])]
  }
  const { masters, owners } = topology
  const findings = await someAtATime(masters, async (master, index) => {
    const where = addressText(master)
    const isOwned = (key: string): boolean =>
      owners === undefined || owners[slotOf(Buffer.from(key))] === index
    try {
      await using server = await openConnection(transport, master, connection)
      const found = await findingsAt(server, connection, request, isOwned)
      return found.map((one) => [where, one] as const)
    } catch (error) {
      return [[where, failure(error, request.deployment)] as const]
    }
  })
  return [...notices, ...report(findings.flat())]
}

/** Returns the addresses in the configuration. */
export function addressesOf({ deployment }: Connection): Where {
  const addresses = 'nodes' in deployment ? deployment.nodes : [deployment.address]
  return addresses.map(addressText).join(', ')
}

async function findingsAt(
  server: OpenConnection,
  { username = 'default' }: Connection,
  request: HealthRequest,
  isOwned: (key: string) => boolean,
): Promise<Finding[]> {
  const info = await readServerInfo(server)
  const findings = checkServer(info, request)
  // A sentinel has almost none of the commands below.
  if (isSentinel(info)) return findings
  const isStateReported = findings.some(({ isState }) => isState === true)
  const probeKeys = findOwned(request.probeKeys, ({ key }) => isOwned(key))
  // Another node owns all keys if they share a hash tag.
  if (probeKeys === undefined) return findings
  const permissions = await checkPermissions(server, request, probeKeys, username)
  const anyKey = findOwned(request.anyKey, isOwned)
  const keys = request.keys.filter(({ key }) => isOwned(key))
  const keyTypes = await checkKeyTypes(server, keys, username)
  return [
    ...findings,
    // Commands that are refused because of a state need no finding of their own.
    ...permissions.filter(({ isState }) => !isStateReported || isState !== true),
    ...(anyKey === undefined ? [] : await checkAnyKey(server, anyKey, request.prefix, username)),
    ...(keyTypes ?? [TYPES_UNKNOWN]),
  ]
}

const TYPES_UNKNOWN: Finding = finding(
  'INFO',
  'key-types-denied',
  (where) => `Redis at ${where} does not report the types of its keys (TYPE), so these were not checked.`,
)

/** A node of a large cluster may own few slots. */
const MOST_TRIES = 20_000

function findOwned<Name>(make: () => Name, isOwned: (name: Name) => boolean): Name | undefined {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const name = make()
    if (isOwned(name)) return name
  }
  return undefined
}
