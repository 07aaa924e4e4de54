// Finds a free port on loopback and makes a private directory for its server. The name of the directory reserves the
// port: two test processes that find the same free port cannot both make it.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Place = { port: number; home: string }

// Below the ports of outgoing connections (from 32768 on Linux, from 49152 on macOS): a client that connects to the
// port of a stopped server could otherwise get this port itself. It would be connected to itself, and the server could
// not start again.
const lowest = 20_000
const highest = 32_767

export async function claimPort(): Promise<Place> {
  for (let attempt = 1; attempt <= 200; attempt++) {
    const port = randomInt(lowest, highest + 1)
    const home = join(tmpdir(), `destination-redis-${port}`)
    if ((await isFree(port)) && makeDirectory(home)) return { port, home }
  }
  throw new Error(`No free port was found between ${lowest} and ${highest} on 127.0.0.1.`)
}

export async function placeAt(port: number): Promise<Place> {
  if (!(await isFree(port))) throw new Error(`Port ${port} of 127.0.0.1 is in use already.`)
  return { port, home: mkdtempSync(join(tmpdir(), `destination-redis-${port}-`)) }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}

function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
