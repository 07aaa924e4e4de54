// A connection through a tunnel holds up whoever writes faster than the other side reads.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { Tunnel } from '../src/redis/transport/tunnel.ts'
import { pollUntil } from './support/poll.ts'
import { SSH_USER, SshServer } from './support/ssh-server.ts'

/** More than all buffers in between take. */
const BYTES = Buffer.alloc(64 * 1024 * 1024, 'some text of an odd length;')
const CHUNK = 1024 * 1024

it('a stream is written to as fast as it is read from, and nothing is lost', async () => {
  await using ssh = await SshServer.start({ password: 'open sesame' })
  const echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const { port } = echo.address() as AddressInfo
  const settings = {
    host: '127.0.0.1',
    port: ssh.port,
    user: SSH_USER,
    credential: { password: 'open sesame' },
    hostKey: ssh.fingerprint,
    allowSha1: false,
  }
  const tunnel = new Tunnel(settings, () => {})
  const stream = await tunnel.open({ host: '127.0.0.1', port }, AbortSignal.timeout(10_000))
  let written = 0
  for (let at = 0; at < BYTES.length; at += CHUNK)
    stream.write(BYTES.subarray(at, at + CHUNK), () => (written += CHUNK))

  let last = -1
  let still = 0
  await pollUntil('the stream to be held up', async () => {
    still = written === last && written > 0 ? still + 1 : 0
    last = written
    return still === 25
  })
  expect(written).toBeLessThan(BYTES.length)

  const read: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    read.push(chunk)
  })
  await pollUntil('all to come back', async () => size === BYTES.length)
  expect(Buffer.concat(read).equals(BYTES)).toBe(true)

  const closed = once(stream, 'close').catch(() => {})
  await tunnel.close()
  await closed
  await pollUntil('the session to end', async () => ssh.sessions === 0)
  echo.close()
})
