/** Finds out whether servers are, and take, what a run needs; leaves nothing behind. */
import type { Connection } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import { openConnection } from '../session/open-connection.ts'
import { readFacts } from './server-info.ts'
import { sayAll, type Expectations, type Finding, type Said } from './finding.ts'
import { findingsFrom } from './server-checks.ts'
import { lookAt, tryAnyKey, type KnownKey } from './key-checks.ts'
import { tryOut, type Abilities } from './permissions.ts'
import { besideKey, slotOf } from '../resp/key-slot.ts'
import { readTopology } from '../topology/topology-reader.ts'
import { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Where } from '../transport/address.ts'

export interface Probe extends Expectations, Abilities {
  readonly prefix: string
  /** Names keys that do not exist: one of the connector's own, and any other. */
  readonly ownKey: () => string
  readonly anyKey: () => string
  /** Those that a sync is known to write. */
  readonly known: readonly KnownKey[]
}

/** Looks at every server that holds data. */
export async function probe(connection: Connection, asked: Probe): Promise<Said[]> {
  const notices: Said[] = []
  const transport = new Transport(connection, (level, text) => notices.push({ level, text }))
  let topology: Topology
  try {
    topology = await readTopology(transport, connection)
  } catch (error) {
    return [...notices, { level: 'FAILED', text: classify(error, whereOf(connection)).error.message }]
  }
  const found = await Promise.all(
    topology.masters.map(async (master, index) => {
      const where = addressText(master)
      try {
        await using server = await openConnection(transport, master, connection)
        const isIts = (key: string): boolean =>
          topology.owners === undefined || topology.owners[slotOf(Buffer.from(key))] === index
        return (await findingsOf(server, connection, asked, isIts)).map(
          (finding) => [where, finding] as const,
        )
      } catch (error) {
        return [[where, refusal(error)] as const]
      }
    }),
  )
  return [...notices, ...sayAll(found.flat())]
}

/** Names what was configured. */
export function whereOf({ deployment }: Connection): Where {
  const addresses = 'nodes' in deployment ? deployment.nodes : [deployment.address]
  return addresses.map(addressText).join(', ')
}

async function findingsOf(
  server: Awaited<ReturnType<typeof openConnection>>,
  { username = 'default' }: Connection,
  asked: Probe,
  isIts: (key: string) => boolean,
): Promise<Finding[]> {
  const findings = findingsFrom(await readFacts(server), asked)
  const isExplained = findings.some(({ isState }) => isState === true)
  const own = keyOf(isIts, asked.ownKey)
  // All of its keys may lie elsewhere, where they share a hash tag.
  if (own === undefined) return findings
  const keys = { key: own, other: besideKey(Buffer.from(own), Buffer.from(asked.prefix), 'check').toString() }
  const tried = await tryOut(server, asked, keys, username)
  const any = keyOf(isIts, asked.anyKey)
  const looked = await lookAt(
    server,
    asked.known.filter(({ key }) => isIts(key)),
    username,
  )
  return [
    ...findings,
    // Why it takes no writes has been said.
    ...tried.filter(({ isState }) => !isExplained || isState !== true),
    ...(any === undefined ? [] : await tryAnyKey(server, any, asked.prefix, username)),
    ...(looked ?? [untold]),
  ]
}

const untold: Finding = {
  level: 'INFO',
  say: (where) => `Redis at ${where} does not tell what its keys hold (TYPE): that is unknown.`,
}

/** Some nodes of large clusters have few slots. */
const MOST_TRIES = 20_000

function keyOf(isIts: (key: string) => boolean, make: () => string): string | undefined {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const key = make()
    if (isIts(key)) return key
  }
  return undefined
}

function refusal(error: unknown): Finding {
  return { level: 'FAILED', say: (where) => classify(error, where).error.message }
}
