// A proxy on loopback that stops in front of a command: Redis gets everything before it, and nothing after.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class KillingProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #reached = Promise.withResolvers<void>()
  #isStopped = false

  /** `command`: bytes that the command begins with, as they are sent. */
  static async start(target: number, command: string): Promise<KillingProxy> {
    const proxy = new KillingProxy(target, Buffer.from(command))
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: number, command: Buffer) {
    this.#server = createServer((client) => {
      const server = connect({ host: this.host, port: target })
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket))
      }
      let tail = Buffer.alloc(0)
      client.on('data', (chunk: Buffer) => {
        if (this.#isStopped) return
        const bytes = Buffer.concat([tail, chunk])
        const at = bytes.indexOf(command)
        this.#isStopped = at !== -1
        server.write(at === -1 ? chunk : bytes.subarray(tail.length, Math.max(at, tail.length)))
        if (at !== -1) this.#reached.resolve()
        tail = Buffer.from(bytes.subarray(-command.length))
      })
      client.on('close', () => server.end())
      server.on('data', (chunk: Buffer) => client.write(chunk)).on('close', () => client.destroy())
    })
    this.#server.listen(0, this.host)
  }

  get port(): number {
    // A listening TCP server has an address, never a path.
    return (this.#server.address() as AddressInfo).port
  }

  /** Resolves when the command was reached; nothing passes from then on. */
  get reached(): Promise<void> {
    return this.#reached.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
