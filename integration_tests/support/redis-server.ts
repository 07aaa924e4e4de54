// A private Redis on loopback for demo, tests and bench. It has its own port and directory, writes nothing to disk by
// default, and ends when it is stopped or when this process ends.
//
//   await using redis = await RedisServer.start({ args: ['--appendonly', 'yes'] })
import { rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { claimPort, placeAt, type Place } from './free-port.ts'
import { Guardian } from './guardian.ts'
import { findRedis, type RedisBinary } from './redis-binary.ts'
import { launchRedis, type RedisProcess } from './redis-process.ts'
import { adaptation } from './redis-version.ts'

export type RedisServerOptions = {
  /** Arguments behind the defaults, which they override. */
  args?: string[]
  /** Lines of a configuration file that the server may rewrite, as a sentinel does. */
  config?: string[]
  /** The directory of Redis' files; the caller removes it. A container sees no other directory of the host. */
  dir?: string
  port?: number
}

const startDeadlineMs = 30_000

export class RedisServer {
  readonly host = '127.0.0.1'
  readonly port: number
  readonly dir: string
  readonly #binary: RedisBinary
  /** Adapts a client to the version of the server. */
  readonly #adapt: (client: Redis) => void
  readonly #home: string
  readonly #args: string[]
  readonly #configFile: string | undefined
  readonly #guardian: Guardian
  readonly #clients = new Set<Redis>()
  #process: RedisProcess

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const binary = await findRedis()
    const adapt = await adaptation()
    for (let attempt = 1; ; attempt++) {
      const place = options.port === undefined ? await claimPort() : await placeAt(options.port)
      const server = new RedisServer({ binary, adapt }, place, options)
      try {
        await server.#untilItAnswers()
        return server
      } catch (error) {
        await server.stop()
        if (options.port !== undefined || attempt === 5 || !/address already in use/i.test(String(error)))
          throw error
      }
    }
  }

  private constructor(
    { binary, adapt }: { binary: RedisBinary; adapt: (client: Redis) => void },
    { port, home }: Place,
    options: RedisServerOptions,
  ) {
    this.#adapt = adapt
    this.port = port
    this.dir = options.dir ?? home
    this.#binary = binary
    this.#home = home
    this.#args = options.args ?? []
    this.#configFile = options.config === undefined ? undefined : join(this.dir, 'redis.conf')
    if (this.#configFile !== undefined) writeFileSync(this.#configFile, `${options.config?.join('\n')}\n`)
    this.#guardian = new Guardian(home)
    this.#process = this.#launch()
  }

  /** The process id; undefined for a container. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  get isRunning(): boolean {
    return this.#process.isRunning()
  }

  /** The command that starts redis-cli on this server. */
  get cli(): string[] {
    return [...this.#process.cli, '-p', String(this.port)]
  }

  /** Sends a signal and resolves; `exited` resolves when the server has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process.kill(signal)
  }

  async exited(): Promise<void> {
    await this.#process.exited
  }

  /** Starts the server again with the same port, directory and arguments. A running server is killed first. */
  async restart(): Promise<void> {
    await this.#end()
    this.#process = this.#launch()
    await this.#untilItAnswers()
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    await this.#end()
    this.#guardian.dismiss()
    rmSync(this.#home, { recursive: true, force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Returns a client that connects at its first command and again after a restart, until the server is stopped. */
  client(options: Omit<RedisOptions, 'replyMapping'> = {}): Redis {
    const { host, port } = this
    const client = new Redis({ host, port, ...this.#login(), protocol: 2, lazyConnect: true, ...options })
    // Many tests lose connections on purpose: commands still reject, but ioredis prints nothing.
    client.on('error', () => {})
    client.once('end', () => this.#clients.delete(client))
    this.#adapt(client)
    this.#clients.add(client)
    return client
  }

  /** Returns the CPU time, user and system, of the server since its last start. */
  async cpuSeconds(): Promise<number> {
    const client = this.client()
    try {
      const info = await client.info('cpu')
      return Number(/used_cpu_user:(\S+)/.exec(info)?.[1]) + Number(/used_cpu_sys:(\S+)/.exec(info)?.[1])
    } finally {
      client.disconnect()
    }
  }

  #launch(): RedisProcess {
    const file = this.#configFile === undefined ? [] : [this.#configFile]
    const address = ['--bind', this.host, '--port', String(this.port), '--dir', this.dir]
    return launchRedis({
      binary: this.#binary,
      args: [...file, ...address, '--save', '', '--appendonly', 'no', ...this.#args],
      logFile: this.#logFile,
      directories: [this.#home, this.dir],
      guardian: this.#guardian,
    })
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = Date.now() + startDeadlineMs
    while (!(await answersPing(this.host, this.port))) {
      if (!this.#process.isRunning())
        throw new Error(`redis-server ended instead of starting:\n${await this.#log()}`)
      if (Date.now() > deadline) throw new Error(`redis-server does not answer PING:\n${await this.#log()}`)
      await pause(10)
    }
  }

  async #end(): Promise<void> {
    if (this.#process.isRunning()) await this.kill('SIGKILL')
    await this.exited()
  }

  get #logFile(): string {
    return join(this.#home, 'redis.log')
  }

  async #log(): Promise<string> {
    const log = await readFile(this.#logFile, 'utf8')
    return log.trimEnd().split('\n').slice(-10).join('\n')
  }

  #login(): { password?: string } {
    const password = this.#args[this.#args.lastIndexOf('--requirepass') + 1]
    return this.#args.includes('--requirepass') && password ? { password } : {}
  }
}

/** Returns whether the server replies; an error such as -LOADING or -NOAUTH is a reply too. */
async function answersPing(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(1_000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
    socket.once('data', (reply) => settle(/^(\+PONG|-)/.test(reply.toString('latin1'))))
    socket.write('*1\r\n$4\r\nPING\r\n')
  })
}
