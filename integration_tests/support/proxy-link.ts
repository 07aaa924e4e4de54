// One proxied connection: the client's socket, the server's socket and a flow in each direction. The mode at the time a
// chunk arrives decides what happens to it.
import { connect, type Socket } from 'node:net'
import { Flow } from './proxy-flow.ts'

export type ProxyMode =
  | { kind: 'pass' }
  /** Every byte is delayed in both directions; the throughput is unchanged. */
  | { kind: 'delay'; ms: number }
  /** Connections stay open and no bytes pass. */
  | { kind: 'freeze' }
  /** Every connection is reset, new ones immediately. */
  | { kind: 'refuse' }
  /**
   * Redis runs all commands and its replies are dropped; after so many bytes of replies the clients are disconnected.
   */
  | { kind: 'lose-replies'; afterBytes: number }
  /** Requests are held back; after so many bytes the clients are disconnected. `deliverLate` sends the requests. */
  | { kind: 'hold-requests'; afterBytes: number }

const KEPT_LENGTH = 64 * 1024

type Surroundings = {
  targetPort: number
  mode: () => ProxyMode
  onRequest: (bytes: number) => void
  onLostReply: (bytes: number) => void
}

export class Link {
  /** Resolves when both sides are closed. */
  readonly closed: Promise<unknown>
  readonly #client: Socket
  readonly #server: Socket
  readonly #toServer: Flow
  readonly #toClient: Flow
  readonly #surroundings: Surroundings
  #held: Buffer[] = []
  /** The first requests, by which tests tell the connections of a client apart. */
  #requests = ''

  constructor(client: Socket, surroundings: Surroundings) {
    const server = connect({
      host: '127.0.0.1',
      port: surroundings.targetPort,
      allowHalfOpen: true,
      noDelay: true,
    })
    this.#client = client
    this.#server = server
    this.#toServer = new Flow(client, server)
    this.#toClient = new Flow(server, client)
    this.#surroundings = surroundings
    this.closed = Promise.all([untilClosed(client), untilClosed(server)])

    client.on('data', (bytes) => this.#request(bytes))
    client.once('end', () => this.#requestsEnd())
    client.on('error', () => this.#held.length === 0 && server.resetAndDestroy())
    server.on('data', (bytes) => this.#reply(bytes))
    server.once('end', () => this.#toClient.push('end', this.#delayMs))
    server.on('error', () => client.resetAndDestroy())
  }

  get requests(): string {
    return this.#requests
  }

  get isClientConnected(): boolean {
    return !this.#client.destroyed
  }

  freeze(): void {
    this.#toServer.freeze()
    this.#toClient.freeze()
  }

  /** Sends everything that was held back, in order. */
  thaw(): void {
    if (this.isClientConnected) for (const bytes of this.#held.splice(0)) this.#toServer.push(bytes, 0)
    this.#toServer.thaw()
    this.#toClient.thaw()
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  /** Disconnects the client; the connection to the server and the bytes held back for it stay. */
  cutClient(): void {
    this.#client.resetAndDestroy()
  }

  /** Redis closes a connection only after it has run all its commands; then the client is disconnected. */
  async cutClientWhenServerIsDone(): Promise<void> {
    this.#client.pause()
    await this.#finishRequests()
    this.cutClient()
  }

  /** Returns the number of bytes that the server accepted; 0 if it has closed the connection. */
  async deliverHeld(): Promise<number> {
    const held = Buffer.concat(this.#held.splice(0))
    if (this.#server.destroyed || this.#server.readableEnded) return 0
    this.#toServer.push(held, 0)
    await this.#finishRequests()
    return held.length
  }

  async #finishRequests(): Promise<void> {
    this.#toServer.push('end', 0)
    await untilClosed(this.#server)
  }

  #request(bytes: Buffer): void {
    if (this.#requests.length < KEPT_LENGTH) this.#requests += bytes.toString('latin1')
    if (this.#surroundings.mode().kind === 'hold-requests') this.#held.push(bytes)
    else this.#toServer.push(bytes, this.#delayMs)
    this.#surroundings.onRequest(bytes.length)
  }

  #requestsEnd(): void {
    if (this.#held.length === 0) this.#toServer.push('end', this.#delayMs)
    else this.#client.destroy()
  }

  #reply(bytes: Buffer): void {
    if (this.#surroundings.mode().kind === 'lose-replies') this.#surroundings.onLostReply(bytes.length)
    else this.#toClient.push(bytes, this.#delayMs)
  }

  get #delayMs(): number {
    const mode = this.#surroundings.mode()
    return mode.kind === 'delay' ? mode.ms : 0
  }
}

function untilClosed(socket: Socket): Promise<unknown> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve))
}
