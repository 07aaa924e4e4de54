// A TCP proxy on loopback between the connector and Redis that can delay, freeze, cut and lose data as networks do.
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Link, type ProxyMode } from './proxy-link.ts'

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = new TcpProxy(targetPort)
  await proxy.listening
  return proxy
}

export class TcpProxy {
  readonly listening: Promise<unknown>
  readonly #server: Server
  readonly #targetPort: number
  readonly #links = new Set<Link>()
  #mode: ProxyMode = { kind: 'pass' }
  #countedBytes = 0
  #isCutting = false
  #onCut: (() => void) | undefined

  constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    this.#server.listen(0, '127.0.0.1')
    this.listening = once(this.#server, 'listening')
  }

  get port(): number {
    // A listening TCP server has an address, never a path.
    return (this.#server.address() as AddressInfo).port
  }

  /** The number of connected clients. */
  get connections(): number {
    return [...this.#links].filter((link) => link.isClientConnected).length
  }

  /**
   * Sets a mode; resolves when it is in force. The two modes that end with a disconnect resolve after it, when the mode
   * is `pass` again, or when another mode has been set.
   */
  async setMode(mode: ProxyMode): Promise<void> {
    // A client whose replies were dropped would wait for them for ever.
    if (mode.kind === 'refuse' || this.#mode.kind === 'lose-replies') this.cut()
    this.#onCut?.()
    this.#onCut = undefined
    this.#mode = mode
    this.#countedBytes = 0
    for (const link of this.#links) {
      if (mode.kind === 'freeze') link.freeze()
      else link.thaw()
    }
    if (mode.kind === 'lose-replies' || mode.kind === 'hold-requests') {
      await new Promise<void>((resolve) => {
        this.#onCut = resolve
      })
    }
  }

  /** Stops moving bytes on the open connections that have carried such a request; they stay open, and new ones are served. */
  freezeConnections(request: RegExp): number {
    const matching = [...this.#links].filter((link) => link.isClientConnected && request.test(link.requests))
    for (const link of matching) link.freeze()
    return matching.length
  }

  /** Resets every connection once; new ones are served. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /**
   * Sends the requests held back by `hold-requests`. Resolves, when Redis has run them, with the number of accepted
   * bytes.
   */
  async deliverLate(): Promise<number> {
    const late = [...this.#links].filter((link) => !link.isClientConnected)
    const delivered = await Promise.all(late.map((link) => link.deliverHeld()))
    return delivered.reduce((sum, bytes) => sum + bytes, 0)
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #accept(client: Socket): void {
    if (this.#mode.kind === 'refuse' || this.#isCutting) {
      client.resetAndDestroy()
      return
    }
    const link = new Link(client, {
      targetPort: this.#targetPort,
      mode: () => this.#mode,
      onRequest: (bytes) => this.#count('hold-requests', bytes),
      onLostReply: (bytes) => this.#count('lose-replies', bytes),
    })
    if (this.#mode.kind === 'freeze') link.freeze()
    this.#links.add(link)
    void link.closed.then(() => this.#links.delete(link))
  }

  #count(kind: 'lose-replies' | 'hold-requests', bytes: number): void {
    const mode = this.#mode
    if (this.#isCutting || mode.kind !== kind) return
    this.#countedBytes += bytes
    if (this.#countedBytes >= mode.afterBytes) void this.#cutClients(kind)
  }

  async #cutClients(kind: 'lose-replies' | 'hold-requests'): Promise<void> {
    this.#isCutting = true
    const links = [...this.#links].filter((link) => link.isClientConnected)
    if (kind === 'hold-requests') for (const link of links) link.cutClient()
    else await Promise.all(links.map((link) => link.cutClientWhenServerIsDone()))
    this.#isCutting = false
    await this.setMode({ kind: 'pass' })
  }
}
