// The faults of the matrix: how each begins before a command of the connector, and how it ends some commands later.
import type { Connector } from '../support/connector.ts'
import type { ProxiedConnection } from '../support/command-proxy.ts'
import type { Random } from '../support/random.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { REFUSALS, type Refusal } from '../support/refusals.ts'
import type { Phase } from './fault-trigger.ts'
import { clusterOf } from './start-topology.ts'
import { TOPOLOGY_NAMES, type Topology, type TopologyName } from './topology.ts'

interface Scene {
  topology: Topology
  run: Connector
  random: Random
  /** The connection whose command is held back, and the server that it leads to. */
  connection: ProxiedConnection
  server: RedisServer
}

/** Ends a fault. */
export type Ending = () => Promise<unknown>

export interface Fault {
  name: string
  topologies: readonly TopologyName[]
  /** The phases that it is tried in, each as often as it is listed. */
  phases: readonly Phase[]
  /** Whether the fault may lose a master for good, so that replicas must confirm every write. */
  losesServers: boolean
  /** Whether the fault kills the connector, so that the platform starts another run. */
  killsConnector: boolean
  /** Resolves when the fault has begun. */
  begin: (scene: Scene) => Promise<Ending | undefined>
}

const ANY_PHASE: readonly Phase[] = ['records', 'records', 'records', 'start', 'end', 'end']

const ORDINARY = {
  topologies: TOPOLOGY_NAMES,
  phases: ANY_PHASE,
  losesServers: false,
  killsConnector: false,
}

function refusing(refusal: Refusal): Fault {
  return {
    ...ORDINARY,
    name: refusal.name,
    // A node of a cluster is made a replica by a failover only.
    topologies: TOPOLOGY_NAMES.filter((name) => refusal.name !== 'READONLY' || name !== 'cluster'),
    begin: async ({ topology, server, random, connection }) => {
      const client = topology.client(server)
      // The client sends what it has left, as if the replies were on their way.
      const isFarAway = random() < 0.5
      if (isFarAway) connection.holdReplies()
      await refusal.begin(client, server)
      return async () => {
        await refusal.end(client, server)
        connection.releaseReplies()
      }
    },
  }
}

function killing(name: string, phase: Phase): Fault {
  return {
    ...ORDINARY,
    name,
    phases: [phase],
    killsConnector: true,
    begin: async ({ run }) => {
      run.kill('SIGKILL')
      await run.exit
      return undefined
    },
  }
}

export const FAULTS: readonly Fault[] = [
  ...REFUSALS.map(refusing),
  {
    ...ORDINARY,
    name: 'replies lost',
    begin: async ({ connection }) => {
      connection.loseReplies()
      return undefined
    },
  },
  {
    ...ORDINARY,
    name: 'reading stops',
    begin: async ({ connection }) => {
      connection.stopReading()
      return undefined
    },
  },
  {
    ...ORDINARY,
    name: 'connection cut',
    begin: async ({ connection, random }) => {
      if (random() < 0.5) {
        connection.cut()
        return undefined
      }
      connection.holdReplies()
      return async () => connection.cut()
    },
  },
  {
    ...ORDINARY,
    name: 'server killed',
    losesServers: true,
    begin: async ({ topology, server }) => {
      await server.kill()
      await server.exited()
      return () => topology.restart(server)
    },
  },
  {
    ...ORDINARY,
    name: 'failover',
    topologies: ['replicas', 'sentinel', 'cluster'],
    losesServers: true,
    begin: async ({ topology, server, random }) => {
      const isOver = topology.replaceMaster(server, random() < 0.5 ? 'killed' : 'hands over')
      return () => isOver
    },
  },
  {
    ...ORDINARY,
    name: 'slot moved',
    topologies: ['cluster'],
    begin: async ({ topology, server, random }) => {
      const cluster = clusterOf(topology)
      const key = await cluster.client(server).randomkey()
      const others = (await topology.masters()).filter((master) => master !== server)
      const to = others[Math.floor(random() * others.length)]!
      const move = await cluster.beginMove(await cluster.slotOf(key ?? 'a key'), to)
      await move.moveKeys(random() < 0.5 ? 1 : Infinity)
      return async () => {
        await move.moveKeys()
        await move.finish()
      }
    },
  },
  killing('connector killed at its start', 'start'),
  killing('connector killed among records', 'records'),
  killing('connector killed at its end', 'end'),
]
