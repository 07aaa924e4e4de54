// A proxy that records the commands of the connector, for redis-cli to load.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import type { Address } from '../options.ts'

export type Tap = { port: number; end: () => Promise<string> }

/** `end` returns the file with the bytes of the busiest connection: that of the bulk writes. */
export async function openTap(redis: Address, path: string): Promise<Tap> {
  const kept: { path: string; socket: Socket; file: ReturnType<typeof createWriteStream> }[] = []
  const server = createServer((client) => {
    const socket = connect(redis)
    const file = createWriteStream(`${path}-${kept.length}.resp`)
    kept.push({ path: String(file.path), socket: client, file })
    client.pipe(socket).pipe(client)
    client.on('data', (chunk: Buffer) => file.write(chunk))
    client.on('close', () => socket.destroy())
    for (const side of [client, socket]) side.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A listening TCP server has an address, never a path.
    port: (server.address() as AddressInfo).port,
    end: async () => {
      server.close()
      for (const { socket, file } of kept) {
        socket.destroy()
        file.end()
        await finished(file)
      }
      const [most] = kept.toSorted((a, b) => b.file.bytesWritten - a.file.bytesWritten)
      if (most === undefined) throw new Error('Nothing was sent.')
      return most.path
    },
  }
}
