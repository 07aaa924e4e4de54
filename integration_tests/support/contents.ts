// Prints the contents of a Redis as readable text that is the same for the same contents:
//
//   user:12345 (hash, expires within 86400 s)
//     email: jane@example.com
//     name: Jane Doe
//
// examples/README.md explains the form.
import type { Redis } from 'ioredis'

/**
 * Prints all keys except the connector's bookkeeping, whose keys begin with `<prefix>_airbyte:`; dead letters are
 * printed.
 */
export async function readContents(client: Redis, prefix = ''): Promise<string> {
  const blocks: string[] = []
  for (const [, database = '0'] of (await client.info('keyspace')).matchAll(/^db(\d+):/gm)) {
    await client.select(Number(database))
    const keys = await describeKeys(client, prefix)
    if (database !== '0' && keys.length > 0) blocks.push(`[database ${database}]`)
    blocks.push(...keys.map(({ text }) => text))
  }
  await client.select(0)
  return `${blocks.join('\n\n')}\n`
}

/** Prints the keys of a cluster, which are spread over its masters. */
export async function readContentsOf(masters: readonly Redis[], prefix = ''): Promise<string> {
  const keys = await Promise.all(masters.map((client) => describeKeys(client, prefix)))
  return `${inOrder(keys.flat())
    .map(({ text }) => text)
    .join('\n\n')}\n`
}

type Described = { key: string; text: string }

async function describeKeys(client: Redis, prefix: string): Promise<Described[]> {
  const described: Described[] = []
  for (const key of await client.keys('*'))
    if (!isNote(key, prefix)) described.push({ key, text: await describeKey(client, key) })
  return inOrder(described)
}

function inOrder(described: Described[]): Described[] {
  return described.toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

function isNote(key: string, prefix: string): boolean {
  return key.startsWith(`${prefix}_airbyte:`) && key !== `${prefix}_airbyte:dead_letter`
}

async function describeKey(client: Redis, key: string): Promise<string> {
  const kind = await client.type(key)
  const title = `${key} (${kind === 'zset' ? 'sorted set' : kind}${describeExpiry(await client.pttl(key))})`
  const lines = await describeValue(client, key, kind)
  return [title, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** Rounds the time to live up to whole minutes, so that the age of the key does not matter. */
function describeExpiry(milliseconds: number): string {
  return milliseconds < 0 ? '' : `, expires within ${Math.ceil(milliseconds / 60_000) * 60} s`
}

async function describeValue(client: Redis, key: string, kind: string): Promise<string[]> {
  if (kind === 'string') return [plain((await client.get(key)) ?? '')]
  if (kind === 'hash') return describeFields(byName(await client.hgetall(key)))
  if (kind === 'list') return (await client.lrange(key, 0, -1)).map((item, at) => `${at + 1}) ${plain(item)}`)
  if (kind === 'set') return (await client.smembers(key)).toSorted().map((member) => `- ${plain(member)}`)
  if (kind === 'zset') {
    const pairs = pairsOf(await client.zrange(key, '0', '-1', 'WITHSCORES'))
    return pairs.map(([member, score]) => `${score}: ${plain(member)}`)
  }
  const entries = await client.xrange(key, '-', '+')
  return entries.flatMap(([, fields], at) => describeEntry(at + 1, describeFields(pairsOf(fields))))
}

/** Redis makes entry ids from its clock, so entries are numbered instead. */
function describeEntry(number: number, fields: string[]): string[] {
  const label = `${number}) `
  return fields.map((field, at) => (at === 0 ? label : ' '.repeat(label.length)) + field)
}

function describeFields(fields: [string, string][]): string[] {
  return fields.map(([name, value]) => {
    const label = /:( |$)/.test(name) ? JSON.stringify(name) : plain(name)
    return `${label}: ${plain(value)}`
  })
}

/** Sorts the fields: Redis keeps the order in small hashes only. */
function byName(hash: Record<string, string>): [string, string][] {
  return Object.entries(hash).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function pairsOf(flat: string[]): [string, string][] {
  return flat.flatMap((first, at) => (at % 2 === 0 ? [[first, flat[at + 1] ?? ''] as [string, string]] : []))
}

/** Returns the text unchanged, or as JSON if its start, its end or a line break would not be visible. */
function plain(text: string): string {
  const isPlain = text !== '' && text === text.trim() && !text.startsWith('"') && !/\p{Cc}/u.test(text)
  return isPlain ? text : JSON.stringify(text)
}
