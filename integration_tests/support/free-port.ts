// A free port on loopback with a private directory beside it. The directory's name is the claim on the port:
// two test processes that find the same port free cannot both make it.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Place = { port: number; home: string }

// Below the range that outgoing connections are given ports from (32768 and up on Linux, 49152 on macOS): a
// client that knocks at the port of a server that is down could otherwise be given that very port, and then it
// is connected to itself and the server cannot come back.
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
