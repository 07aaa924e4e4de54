// An error that nobody has caught: it ends the command with the one message that a host expects, and without its text.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../src/program.ts'
import { writeFiles } from './support/connector.ts'
import { catalog } from './support/messages.ts'
import { parseMessage, type Message } from './support/output-message.ts'

const SECRET = 'canary-secret'

describe('an error that nobody has caught', () => {
  it('is the status of a check that has failed, which ends with 0', async () => {
    const { code, messages } = await failWhileWaiting('check')
    expect(messages).toMatchObject([{ connectionStatus: { status: 'FAILED' } }])
    expect(code).toBe(0)
  })

  it('is the only trace message of a write, which ends with 1', async () => {
    const { code, messages } = await failWhileWaiting('write')
    expect(messages).toMatchObject([{ trace: { error: { failure_type: 'system_error' } } }])
    expect(code).toBe(1)
  })
})

/** Starts a command on a server that never answers, and has two errors happen that nobody catches. */
async function failWhileWaiting(
  verb: 'check' | 'write',
): Promise<{ code: number | undefined; messages: Message[] }> {
  const sockets: { destroy(): unknown }[] = []
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const files = writeFiles({ config: { host: '127.0.0.1', port }, catalog: catalog([{ name: 's' }]) })
  const args = ['--config', files.config, ...(verb === 'write' ? ['--catalog', files.catalog] : [])]
  const stdout = new PassThrough()
  const exit = Promise.withResolvers<number | undefined>()
  let uncaught: ((error: unknown) => void) | undefined
  void runProgram([verb, ...args], new AbortController().signal, {
    stdout,
    openStdin: async () => async function* () {},
    isKeyboard: () => false,
    onUncaught: (listener) => (uncaught = listener),
    exit: exit.resolve,
  })
  await once(server, 'connection')
  uncaught?.(new TypeError(`Cannot read ${SECRET}`))
  uncaught?.(new TypeError('another one'))
  const code = await exit.promise
  for (const socket of sockets) socket.destroy()
  server.close()
  const text = String(stdout.read())
  expect(text).toContain('[internal-error]')
  expect(text).not.toContain(SECRET)
  return { code, messages: text.trimEnd().split('\n').map(parseMessage) }
}
