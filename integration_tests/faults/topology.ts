// The interface through which the fault matrix uses one server, replicas, sentinels or a cluster.
import type { Redis } from 'ioredis'
import type { RedisServer } from '../support/redis-server.ts'

export const TOPOLOGY_NAMES = ['single', 'replicas', 'sentinel', 'cluster'] as const

export type TopologyName = (typeof TOPOLOGY_NAMES)[number]

/** Every server keeps its data when it is killed, and can be made to refuse writes. */
export const SERVER_ARGS = [
  '--appendonly',
  'yes',
  '--appendfsync',
  'always',
  '--enable-protected-configs',
  'yes',
]

export interface Topology {
  /** All servers with data. */
  readonly servers: readonly RedisServer[]
  /** The options that say where Redis is. */
  readonly connection: object
  /** The number of replicas of each master. */
  readonly replicas: number
  /** Returns the port that a connection of the connector to this one leads to. */
  route(port: number): number
  client(server: RedisServer): Redis
  masters(): Promise<RedisServer[]>
  /** Starts a killed server again, in the role that it has now. */
  restart(server: RedisServer): Promise<void>
  /** Has a replica replace this master; the master is killed, or hands over. All replicas are back at the end. */
  replaceMaster(master: RedisServer, how: 'killed' | 'hands over'): Promise<void>
  /** Resolves when the roles are settled and all replicas have what their masters have. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** Keeps one client for each server. */
export class ClientsByServer {
  readonly #clients = new Map<RedisServer, Redis>()

  of(server: RedisServer): Redis {
    const client = this.#clients.get(server) ?? server.client()
    this.#clients.set(server, client)
    return client
  }
}
