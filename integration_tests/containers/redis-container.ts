import { GenericContainer, Network, Wait } from 'testcontainers'

export type RedisContainer = Awaited<ReturnType<typeof startRedis>>

/** A Redis that other containers reach as `redis:6379` in a network of its own. */
export async function startRedis() {
  const network = await new Network().start()
  const container = await new GenericContainer('redis:7-bookworm')
    .withNetwork(network)
    .withNetworkAliases('redis')
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .start()

  return {
    network: network.getName(),
    async ask(...command: string[]): Promise<string> {
      const { stdout } = await container.exec(['redis-cli', ...command])
      return stdout.trim()
    },
    async stop(): Promise<void> {
      await container.stop()
      await network.stop()
    },
  }
}
