// Runs `write` against a server and reads back what it wrote.
import type { Redis } from 'ioredis'
import { runConnector, writeFiles, type ConnectorRun } from './connector.ts'
import type { Input } from './feed.ts'
import { catalog, type CatalogStream } from './messages.ts'

export type Server = { host: string; port: number }

/** Returns the arguments of a run with these options of the configuration. */
export function writeArgs(server: Server, streams: CatalogStream[], options: object = {}): string[] {
  const config = { host: server.host, port: server.port, max_outage_seconds: 30, ...options }
  const files = writeFiles({ config, catalog: catalog(streams) })
  return ['write', '--config', files.config, '--catalog', files.catalog]
}

/** Runs a write to its end. Unless a test is about a failure, `code` should be 0. */
export function write(
  server: Server,
  streams: CatalogStream[],
  input: Input,
  options: object = {},
): Promise<ConnectorRun> {
  return runConnector(writeArgs(server, streams, options), input)
}

/** Returns all keys of the database: hashes as objects, strings as text, other types by name. */
export async function dump(client: Redis): Promise<Record<string, unknown>> {
  const keys = (await client.keys('*')).toSorted()
  const contents = keys.map(async (key) => [key, await read(client, key)] as const)
  return Object.fromEntries(await Promise.all(contents))
}

async function read(client: Redis, key: string): Promise<unknown> {
  const kind = await client.type(key)
  if (kind === 'hash') return client.hgetall(key)
  return kind === 'string' ? client.get(key) : `a ${kind}`
}
