// Starts the servers of each topology of the fault matrix.
import { RedisCluster } from '../support/cluster.ts'
import { RedisServer } from '../support/redis-server.ts'
import { replicationArgs, untilInSync } from '../support/replicas.ts'
import { SentinelRedis } from '../support/sentinels.ts'
import { ClientsByServer, SERVER_ARGS, type Topology, type TopologyName } from './topology.ts'

export function startTopology(name: TopologyName): Promise<Topology> {
  switch (name) {
    case 'single':
      return startSingle()
    case 'replicas':
      return startReplicas()
    case 'sentinel':
      return startSentinels()
    case 'cluster':
      return startCluster()
  }
}

async function startSingle(): Promise<Topology> {
  const server = await RedisServer.start({ args: SERVER_ARGS })
  const clients = new ClientsByServer()
  return {
    servers: [server],
    connection: { host: server.host, port: server.port },
    replicas: 0,
    route: (port) => port,
    client: (of) => clients.of(of),
    masters: async () => [server],
    restart: () => server.restart(),
    replaceMaster: () => Promise.reject(new Error('a single server has no replica')),
    settled: async () => {},
    stop: () => server.stop(),
  }
}

/** One address, behind which the master is replaced by hand. */
async function startReplicas(): Promise<Topology> {
  const args = [...SERVER_ARGS, ...replicationArgs(undefined)]
  const servers = await Promise.all([RedisServer.start({ args }), RedisServer.start({ args })])
  const clients = new ClientsByServer()
  const address = servers[0].port
  let [master, replica] = servers
  const follow = async (): Promise<void> => {
    await clients.of(master).replicaof('NO', 'ONE')
    await clients.of(replica).replicaof(master.host, master.port)
  }
  const settled = (): Promise<void> => untilInSync(master, [replica])
  await follow()
  await settled()
  return {
    servers,
    connection: { host: master.host, port: address },
    replicas: 1,
    route: (port) => (port === address ? master.port : port),
    client: (of) => clients.of(of),
    masters: async () => [master],
    restart: async (server) => {
      await server.restart()
      await follow()
    },
    replaceMaster: async (_, how) => {
      // A master that has handed over refuses writes. Killing it also cuts the connections to it.
      if (how === 'hands over') await settled()
      await master.kill()
      await master.exited()
      ;[master, replica] = [replica, master]
      await clients.of(master).replicaof('NO', 'ONE')
      await replica.restart()
      await follow()
    },
    settled,
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  }
}

async function startSentinels(): Promise<Topology> {
  const redis = await SentinelRedis.start({ args: SERVER_ARGS, replicas: 2 })
  const clients = new ClientsByServer()
  return {
    servers: redis.servers,
    connection: { deployment: { mode: 'sentinel', nodes: redis.addresses, master_name: redis.masterName } },
    replicas: 2,
    route: (port) => port,
    client: (of) => clients.of(of),
    masters: async () => [await redis.master()],
    restart: (server) => server.restart(),
    replaceMaster: async (master, how) => {
      if (how === 'hands over') {
        await redis.failover()
        return
      }
      await redis.killMaster()
      await redis.restart(master)
    },
    settled: () => redis.settled(),
    stop: () => redis.stop(),
  }
}

async function startCluster(): Promise<Topology & { cluster: RedisCluster }> {
  const cluster = await RedisCluster.start({ args: SERVER_ARGS, replicas: 1, nodeTimeoutMs: 1_000 })
  return {
    cluster,
    servers: cluster.servers,
    connection: { deployment: { mode: 'cluster', nodes: cluster.addresses.slice(0, 3) } },
    replicas: 1,
    route: (port) => port,
    client: (of) => cluster.client(of),
    masters: async () => (await cluster.masters()).map(({ server }) => server),
    restart: (server) => server.restart(),
    replaceMaster: async (master, how) => {
      if (how === 'hands over') {
        await cluster.failover(master)
        return
      }
      await cluster.killMaster(master)
      await cluster.restart(master)
    },
    settled: () => cluster.settled(),
    stop: () => cluster.stop(),
  }
}

export function clusterOf(topology: Topology): RedisCluster {
  if (!('cluster' in topology) || !(topology.cluster instanceof RedisCluster))
    throw new Error('not a cluster')
  return topology.cluster
}
