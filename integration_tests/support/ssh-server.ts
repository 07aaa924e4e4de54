// An SSH server on loopback that forwards connections and can cut them or hold data back.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ServerChannel, type ServerConfig } from 'ssh2'

export type SshServerOptions = {
  /** Public keys that the user may log in with, in OpenSSH's form. */
  keys?: string[]
  password?: string
  /** Whether the password is asked for in a dialogue only. */
  hasDialogue?: boolean
  /** Whether forwarding is refused. */
  isDenying?: boolean
  /** Whether its only host key is an RSA key that signs with SHA-1. */
  hasOnlySha1?: boolean
}

export const SSH_USER = 'airbyte'

/** Generates a key; repeats that if ssh2 has generated one that it cannot read, as happens now and then. */
export function newKey(sort: 'ed25519' | 'ecdsa', passphrase?: string): { private: string; public: string } {
  const { generateKeyPairSync: generate } = ssh2.utils
  for (;;) {
    const pair =
      sort === 'ecdsa'
        ? generate('ecdsa', { bits: 256 })
        : passphrase === undefined
          ? generate('ed25519')
          : generate('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 4 })
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair
  }
}

export class SshServer {
  readonly #options: SshServerOptions
  readonly #sessions = new Set<Socket>()
  readonly #targets = new Set<Socket>()
  #held: Map<Socket, Buffer[]> | undefined
  #server: Server
  #port = 0
  #hostKey = newKey('ed25519')
  readonly #ecdsaKey = newKey('ecdsa')
  readonly #rsaKey: ReturnType<typeof newKey> | undefined
  /** The number of sessions so far. */
  logins = 0
  /** The requested addresses, in order. */
  readonly asked: string[] = []

  static async start(options: SshServerOptions): Promise<SshServer> {
    const server = new SshServer(options)
    await server.restart()
    return server
  }

  private constructor(options: SshServerOptions) {
    this.#options = options
    if (options.hasOnlySha1 === true) this.#rsaKey = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
    this.#server = this.#create()
  }

  get port(): number {
    return this.#port
  }

  get sessions(): number {
    return this.#sessions.size
  }

  get fingerprint(): string {
    return fingerprintOf((this.#rsaKey ?? this.#hostKey).public)
  }

  /** The fingerprint of its second key, which clients do not prefer. */
  get ecdsaFingerprint(): string {
    return fingerprintOf(this.#ecdsaKey.public)
  }

  /** The fields of `tunnel_method` for this server. */
  options(more: object): object {
    return { tunnel_host: '127.0.0.1', tunnel_port: this.#port, tunnel_user: SSH_USER, ...more }
  }

  /** Starts to listen on the same port again. */
  async restart({ hasNewKey = false } = {}): Promise<void> {
    if (hasNewKey) this.#hostKey = newKey('ed25519')
    this.#server = this.#create()
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.drop()
    await closed
  }

  /** Disconnects every session; new ones are served. */
  drop(): void {
    for (const session of this.#sessions) session.resetAndDestroy()
    for (const target of this.#targets) if (!this.#held?.has(target)) target.destroy()
  }

  /**
   * Holds back what is sent to Redis from now on. Resolves when so many bytes are held back, after disconnecting the
   * sessions.
   */
  async holdAndDrop(bytes: number): Promise<void> {
    this.#held = new Map([...this.#targets].map((target) => [target, []]))
    const size = (): number => [...this.#held!.values()].flat().reduce((sum, { length }) => sum + length, 0)
    while (size() < bytes) await new Promise((resolve) => setTimeout(resolve, 5))
    this.drop()
  }

  /** Sends the bytes held back and returns the number that Redis accepted. */
  async deliverLate(): Promise<number> {
    let delivered = 0
    for (const [target, chunks] of this.#held ?? []) {
      if (target.destroyed || target.readableEnded) continue
      const late = Buffer.concat(chunks)
      target.end(late)
      delivered += late.length
      if (!target.closed) await once(target, 'close')
    }
    this.#held = undefined
    return delivered
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#held = undefined
    await this.stop()
  }

  #create(): Server {
    const config: ServerConfig = this.#rsaKey
      ? { hostKeys: [this.#rsaKey.private], algorithms: { serverHostKey: ['ssh-rsa'] } }
      : { hostKeys: [this.#hostKey.private, this.#ecdsaKey.private] }
    const ssh = new ssh2.Server(config, (session) => this.#accept(session))
    return createServer({ noDelay: true }, (socket) => {
      this.#sessions.add(socket)
      socket.once('close', () => this.#sessions.delete(socket))
      ssh.injectSocket(socket)
    })
  }

  #accept(session: Connection): void {
    session.on('error', () => {})
    session.on('authentication', (context) => this.#authenticate(context))
    session.on('ready', () => this.logins++)
    // Requests without a listener are refused.
    if (this.#options.isDenying === true) return
    session.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.asked.push(`${destIP}:${destPort}`)
      const target = connect({ host: destIP, port: destPort, noDelay: true })
      target.once('error', () => reject())
      target.once('connect', () => this.#forward(accept(), target))
    })
  }

  #authenticate(context: AuthContext): void {
    const { keys = [], password, hasDialogue = false } = this.#options
    const refuse = (): void =>
      context.reject([
        ...(keys.length > 0 ? (['publickey'] as const) : []),
        ...(password === undefined
          ? []
          : [hasDialogue ? ('keyboard-interactive' as const) : ('password' as const)]),
      ])
    if (context.username !== SSH_USER) return refuse()
    switch (context.method) {
      case 'publickey':
        return keys.some((key) => isProven(key, context)) ? context.accept() : refuse()
      case 'password':
        return !hasDialogue && context.password === password ? context.accept() : refuse()
      case 'keyboard-interactive':
        if (!hasDialogue) return refuse()
        context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) =>
          answer === password ? context.accept() : refuse(),
        )
        return
      default:
        return refuse()
    }
  }

  #forward(channel: ServerChannel, target: Socket): void {
    this.#targets.add(target)
    const isHeld = (): boolean => this.#held?.has(target) === true
    channel.on('data', (chunk: Buffer) => {
      if (isHeld()) this.#held!.get(target)!.push(chunk)
      else if (!target.write(chunk)) channel.pause()
    })
    channel.on('end', () => isHeld() || target.end())
    channel.on('close', () => isHeld() || target.destroy())
    channel.on('error', () => {})
    target.on('drain', () => channel.resume())
    target.on('data', (chunk) => {
      if (!channel.write(chunk)) target.pause()
    })
    channel.on('drain', () => target.resume())
    target.on('error', () => {})
    target.on('end', () => channel.end())
    target.on('close', () => {
      this.#targets.delete(target)
      channel.close()
    })
  }
}

function fingerprintOf(publicKey: string): string {
  const key = ssh2.utils.parseKey(publicKey)
  if (key instanceof Error) throw key
  const digest = createHash('sha256').update(key.getPublicSSH()).digest('base64')
  return `SHA256:${digest.replace(/=$/, '')}`
}

function isProven(text: string, context: ssh2.PublicKeyAuthContext): boolean {
  const key = ssh2.utils.parseKey(text)
  if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false
  // A request without a signature only asks whether the key is accepted.
  if (context.signature === undefined || context.blob === undefined) return true
  return key.verify(context.blob, context.signature, context.hashAlgo)
}
