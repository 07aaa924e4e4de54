// Measures a process until its first command reaches a server: a stand-in that reads it, and ends the process.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Missing } from '../left-out.ts'
import { runToEnd } from './processes.ts'
import { cpuSecondsOf } from './resources.ts'

/** Returns the processor time until then; `commandFor` returns the command line that connects to a port. */
export async function cpuUntilFirstCommand(
  input: string,
  commandFor: (port: number) => string[],
): Promise<number> {
  let pid: number | undefined
  let cpuSeconds: number | undefined
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      if (pid === undefined) return
      cpuSeconds = cpuSecondsOf(pid)
      process.kill(pid, 'SIGKILL')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    // A listening TCP server has an address, never a path.
    const { port } = server.address() as AddressInfo
    const { stderr } = await runToEnd(commandFor(port), input, undefined, (started) => (pid = started))
    if (cpuSeconds === undefined) throw new Error(`No command was sent: ${stderr}`)
    if (Number.isNaN(cpuSeconds))
      throw new Missing('The processor time of another process is known on Linux only.')
    return cpuSeconds
  } finally {
    server.close()
  }
}
