// What is in a Redis, as text that reads like its data and is the same every time:
//
//   user:12345 (hash, expires within 86400 s)
//     email: jane@example.com
//     name: Jane Doe
//
// examples/README.md explains the form.
import type { Redis } from 'ioredis'

/** Everything but the connector's own notes, whose keys begin with `<prefix>_airbyte:`; dead letters are no notes. */
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

/** The same of a cluster, whose masters have the keys between them. */
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

/** Rounded up to whole minutes, so that it does not matter how long ago the key was written. */
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

/** The id of an entry is Redis' own, by its clock: the number tells the order. */
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

/** Redis keeps the fields of a small hash in their order, and those of a larger one in none. */
function byName(hash: Record<string, string>): [string, string][] {
  return Object.entries(hash).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function pairsOf(flat: string[]): [string, string][] {
  return flat.flatMap((first, at) => (at % 2 === 0 ? [[first, flat[at + 1] ?? ''] as [string, string]] : []))
}

/** As it is, or as JSON where a reader could not tell where it begins, ends, or breaks into lines. */
function plain(text: string): string {
  const isPlain = text !== '' && text === text.trim() && !text.startsWith('"') && !/\p{Cc}/u.test(text)
  return isPlain ? text : JSON.stringify(text)
}
