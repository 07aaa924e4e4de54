// A proxy that limits the bytes per second to Redis, like a slow network.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Address } from '../options.ts'

export async function startThrottle(target: Address, bytesPerSecond: number) {
  const server = createServer((client) => {
    const redis = connect(target)
    // A connection that breaks on one side is closed on the other; the connector reports the error.
    pipeline(client, throttled(bytesPerSecond), redis).catch(() => client.destroy())
    pipeline(redis, client).catch(() => redis.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

function throttled(bytesPerSecond: number): Transform {
  let due = 0
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      const now = performance.now()
      due = Math.max(now, due) + (chunk.length / bytesPerSecond) * 1000
      if (due - now > 1) await pause(due - now)
      done(null, chunk)
    },
  })
}
