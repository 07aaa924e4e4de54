// The Redis that is loaded: a private one that ends with the bench, or another one that may be flushed.
import { Redis } from 'ioredis'
import { findRedis } from '../../integration_tests/support/redis-binary.ts'
import { RedisServer } from '../../integration_tests/support/redis-server.ts'
import type { Address } from '../options.ts'

export class Server {
  readonly address: Address
  readonly password: string | undefined
  readonly client: Redis
  /** The command line of redis-cli for this server. */
  readonly cli: string[]
  /** Only a private server can be paused. */
  readonly own: RedisServer | undefined

  static async open(elsewhere: Address | undefined): Promise<Server> {
    if (elsewhere === undefined) {
      const own = await RedisServer.start()
      return new Server({ host: own.host, port: own.port }, own.client(), own.cli, own)
    }
    const binary = await findRedis()
    if (binary.kind === 'container')
      throw new Error('Loading a Redis elsewhere takes redis-cli on the PATH, and there is none.')
    const { host, port } = elsewhere
    const password = process.env['REDISCLI_AUTH']
    const client = new Redis({
      host,
      port,
      protocol: 2,
      lazyConnect: true,
      ...(password ? { password } : {}),
    })
    return new Server(elsewhere, client, [binary.cli, '-h', host, '-p', String(port)], undefined, password)
  }

  private constructor(
    address: Address,
    client: Redis,
    cli: string[],
    own: RedisServer | undefined,
    password?: string,
  ) {
    this.address = address
    this.client = client
    this.cli = cli
    this.own = own
    this.password = password
  }

  /** Flushes and waits until the memory is free, so that freeing it is not part of the next measurement. */
  async flush(): Promise<void> {
    // Servers before 6.2 do not know SYNC, and always flush so.
    await this.client.flushdb('SYNC').catch(() => this.client.flushdb())
  }

  /** Returns the processor time of the server so far, user and system. */
  async cpuSeconds(): Promise<number> {
    const info = await this.client.info('cpu')
    return Number(/used_cpu_user:(\S+)/.exec(info)?.[1]) + Number(/used_cpu_sys:(\S+)/.exec(info)?.[1])
  }

  async version(): Promise<string> {
    const info = await this.client.info('server')
    return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.disconnect()
    await this.own?.stop()
  }
}
