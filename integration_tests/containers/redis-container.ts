import { GenericContainer, Network, Wait } from 'testcontainers'
import type { StartedNetwork } from 'testcontainers'
import { pollUntil } from '../support/poll.ts'

export type RedisContainer = Awaited<ReturnType<typeof startRedis>>
export type ServerContainer = Awaited<ReturnType<typeof startServer>>

type ServerOptions = {
  command?: string[]
  /** Texts by their paths in the container. */
  files?: Record<string, string>
  /** What it logs once it can be used. */
  ready?: string
}

/** A Redis that other containers reach as `redis:6379` in a network of its own. */
export async function startRedis() {
  const network = await new Network().start()
  const { ask, stop } = await startServer(network, 'redis')

  return {
    network: network.getName(),
    ask,
    stop: async (): Promise<void> => {
      await stop()
      await network.stop()
    },
  }
}

/** A Redis Cluster of masters that are reached by the names given, and know each other by their addresses. */
export async function startCluster(network: StartedNetwork, names: string[]): Promise<ServerContainer[]> {
  const command = wordsOf('redis-server --cluster-enabled yes --protected-mode no --bind *')
  const nodes = await Promise.all(names.map((name) => startServer(network, name, { command })))
  const addresses = nodes.map(({ ip }) => `${ip}:6379`)
  const created = await nodes[0]?.ask('--cluster', 'create', ...addresses, '--cluster-yes')
  await pollUntil(`the cluster to be whole, created with: ${created}`, async () => {
    const states = await Promise.all(nodes.map(({ ask }) => ask('CLUSTER', 'INFO')))
    return states.every((state) => /cluster_state:ok/.test(state))
  })
  return nodes
}

/** A Redis that speaks TLS on port 6380, and plain text on 6379. */
export async function startTlsRedis(
  network: StartedNetwork,
  name: string,
  { certificate, key }: { certificate: string; key: string },
): Promise<ServerContainer> {
  const files = { '/tls/server.pem': certificate, '/tls/server-key.pem': key }
  const tls = '--tls-port 6380 --tls-cert-file /tls/server.pem --tls-key-file /tls/server-key.pem'
  const trust = '--tls-ca-cert-file /tls/server.pem --tls-auth-clients no'
  const command = wordsOf(`redis-server --protected-mode no --bind * ${tls} ${trust}`)
  return startServer(network, name, { command, files })
}

/** A sentinel on port 26379 that watches the master as `main`. */
export async function startSentinel(
  network: StartedNetwork,
  name: string,
  master: ServerContainer,
): Promise<ServerContainer> {
  // Sentinels need a file of their own, as they keep in it what they learn.
  const files = { '/sentinel/sentinel.conf': `sentinel monitor main ${master.ip} 6379 1\n` }
  const command = wordsOf('redis-sentinel /sentinel/sentinel.conf')
  return startServer(network, name, { command, files, ready: '+monitor master main' })
}

/** A server that other containers of the network reach by `name`. */
async function startServer(
  network: StartedNetwork,
  name: string,
  { command = [], files = {}, ready = 'Ready to accept connections' }: ServerOptions = {},
) {
  const copies = Object.entries(files).map(([target, content]) => ({ target, content, mode: 0o644 }))
  const container = await new GenericContainer('redis:7-bookworm')
    .withNetwork(network)
    .withNetworkAliases(name)
    .withCommand(command)
    .withCopyContentToContainer(copies)
    .withWaitStrategy(Wait.forLogMessage(ready))
    .start()

  return {
    ip: container.getIpAddress(network.getName()),
    ask: async (...args: string[]): Promise<string> => {
      const { stdout } = await container.exec(['redis-cli', ...args])
      return stdout.trim()
    },
    stop: async (): Promise<void> => {
      await container.stop()
    },
  }
}

function wordsOf(line: string): string[] {
  return line.split(' ')
}
