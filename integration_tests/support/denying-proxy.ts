// A proxy on loopback that denies some commands, as managed services do. It replaces a denied command by a script that
// returns the service's error, so that replies stay in order.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The two errors of managed services: the command is unknown, or it is not allowed. */
const WORDS = {
  unknown: (command: string) => `ERR unknown command '${command}', with args beginning with: `,
  denied: (command: string) =>
    `NOPERM this user has no permissions to run the '${command.toLowerCase()}' command`,
  'not allowed': () => 'ERR command not allowed',
}

export type Wording = keyof typeof WORDS

export class DenyingProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** Starts a proxy that denies these commands, in capitals: `CONFIG`, or `CLIENT KILL`. */
  static async start(target: number, denied: readonly string[], wording: Wording): Promise<DenyingProxy> {
    const proxy = new DenyingProxy(target, denied, wording)
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: number, denied: readonly string[], wording: Wording) {
    this.#server = createServer((client) => {
      const server = connect({ host: this.host, port: target })
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket))
      }
      const replace = replacing(denied, WORDS[wording])
      client.on('data', (chunk: Buffer) => server.write(replace(chunk))).on('close', () => server.destroy())
      server.on('data', (chunk: Buffer) => client.write(chunk)).on('close', () => client.destroy())
    })
    this.#server.listen(0, this.host)
  }

  get port(): number {
    // A listening TCP server has an address, never a path.
    return (this.#server.address() as AddressInfo).port
  }

  /** Resets every connection once; new ones are served. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}

/** Returns the complete commands among the client's bytes, with the denied ones replaced. */
function replacing(denied: readonly string[], wording: (command: string) => string) {
  let rest = Buffer.alloc(0)
  return (chunk: Buffer): Buffer => {
    rest = Buffer.concat([rest, chunk])
    const out: Buffer[] = []
    for (let end = commandEnd(rest); end !== -1; end = commandEnd(rest)) {
      const command = rest.subarray(0, end)
      const [, , name = '', , second = ''] = command.toString('latin1').toUpperCase().split('\r\n')
      const word = denied.find((one) => one === name || one === `${name} ${second}`)
      out.push(word === undefined ? command : answering(wording(word)))
      rest = rest.subarray(end)
    }
    return Buffer.concat(out)
  }
}

function answering(error: string): Buffer {
  const words = ['EVAL', 'return redis.error_reply(ARGV[1])', '0', error]
  return Buffer.from(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`)
}

/** Returns the offset behind the first command, or -1 if it is incomplete. */
function commandEnd(bytes: Buffer): number {
  let feed = bytes.indexOf('\n')
  if (feed === -1) return -1
  let at = feed + 1
  for (let left = Number(bytes.toString('latin1', 1, feed - 1)); left > 0; left--) {
    feed = bytes.indexOf('\n', at)
    if (feed === -1) return -1
    at = feed + 1 + Number(bytes.toString('latin1', at + 1, feed - 1)) + 2
  }
  return at <= bytes.length ? at : -1
}
