// Servers with TLS: a Redis with TLS of its own, and a TLS proxy in front of a Redis, like stunnel.
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
  /** The port with TLS. */
  readonly port: number
}

export interface TlsRedis extends TlsServer {
  /** The server; its own port is without TLS. */
  readonly redis: RedisServer
}

export interface TlsRedisOptions extends Certified {
  /** The authority of client certificates; clients need one if it is set. */
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

/** Terminates TLS and forwards the bytes to `target`; `accepted` is called with each connection first. */
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
