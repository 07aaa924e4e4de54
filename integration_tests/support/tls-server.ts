// Servers that speak TLS: a Redis that does so itself, and one in plain text with a TLS proxy in front, as stunnel is.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { rmSync } from 'node:fs'
import type { Certified } from './certificates.ts'
import { claimPort } from './free-port.ts'
import { Guardian } from './guardian.ts'
import { RedisServer } from './redis-server.ts'

export interface TlsServer extends AsyncDisposable {
  readonly host: string
  /** Where it speaks TLS. */
  readonly port: number
}

export interface TlsRedis extends TlsServer {
  /** Its port is the one for plain text. */
  readonly redis: RedisServer
}

export interface TlsRedisOptions extends Certified {
  /** Who signs the certificates of clients; these are demanded if it is given. */
  clientAuthority?: Certified
  args?: string[]
}

export async function startTlsRedis({
  certificate,
  key,
  clientAuthority,
  args = [],
}: TlsRedisOptions): Promise<TlsRedis> {
  const { port, home: dir } = await claimPort()
  const guardian = new Guardian(dir)
  const files = { cert: certificate, key, 'ca-cert': clientAuthority?.certificate ?? certificate }
  const fileArgs = Object.entries(files).flatMap(([name, text]) => {
    const path = join(dir, `${name}.pem`)
    writeFileSync(path, text)
    return [`--tls-${name}-file`, path]
  })
  const demand = ['--tls-auth-clients', clientAuthority === undefined ? 'no' : 'yes']
  const redis = await RedisServer.start({
    dir,
    args: ['--tls-port', String(port), ...fileArgs, ...demand, ...args],
  })
  return {
    redis,
    host: redis.host,
    port,
    [Symbol.asyncDispose]: async () => {
      await redis.stop()
      guardian.dismiss()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Takes TLS off, and gives the bytes to `target`; `accepted` sees each connection first. */
export async function startTlsFront(
  target: { host: string; port: number },
  options: TlsOptions,
  accepted: (socket: TLSSocket) => void = () => {},
): Promise<TlsServer> {
  const sockets = new Set<Socket>()
  const server = createServer(options, (socket) => {
    accepted(socket)
    const inner = connect({ host: target.host, port: target.port })
    socket.pipe(inner).pipe(socket)
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
