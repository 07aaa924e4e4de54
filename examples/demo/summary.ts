// The summary at the end of the demo. It reads everything from Redis.
import type { Redis } from 'ioredis'
import type { RedisServer } from '../../integration_tests/support/redis-server.ts'
import { formatCount, formatHeading, formatJson, indent } from './format.ts'
import type { Progress } from './progress.ts'
import { recordCount, stateCount } from './records.ts'
import { namespace, streams } from './shop.ts'

/** Returns whether everything that was sent is there. */
export async function showSummary(redis: RedisServer, progress: Progress): Promise<boolean> {
  const client = redis.client()
  const keys = await countKeys(client)
  const areAllKeysThere = await showKeys(client, keys)
  await showRecord(client, `${namespace}:purchases:4`)
  showFigures(progress)
  return areAllKeysThere && progress.states.length === stateCount && progress.records === recordCount
}

export function showCommands({ cli }: RedisServer): void {
  const redisCli = cli.join(' ')
  console.log(formatHeading('To look further'))
  console.log(`  ${redisCli} HGETALL ${namespace}:people:1`)
  console.log(`  ${redisCli} --raw HGET ${namespace}:reviews:7 _airbyte_data`)
  console.log(`  ${redisCli} --scan --pattern '${namespace}:reviews:1234*'`)
  console.log(`  ${redisCli} GET ${namespace}:purchases`)
  console.log(`  ${redisCli} INFO keyspace`)
}

/** Counts the keys with records per stream, by scanning the private database. */
async function countKeys(client: Redis): Promise<Map<string, number>> {
  const found = new Map(streams.map(({ name }) => [`${namespace}:${name}`, 0]))
  for await (const keys of client.scanStream({ count: 5_000 }) as AsyncIterable<string[]>) {
    for (const key of keys) {
      const base = key.slice(0, key.lastIndexOf(':'))
      const count = found.get(base)
      if (count !== undefined) found.set(base, count + 1)
    }
  }
  return found
}

async function showKeys(client: Redis, keys: Map<string, number>): Promise<boolean> {
  console.log(formatHeading('What landed in Redis'))
  let isComplete = true
  for (const { name, rows } of streams) {
    const base = `${namespace}:${name}`
    const count = keys.get(base) ?? 0
    const counter = await client.get(base)
    console.log(
      `  ${`${base}:<id>`.padEnd(20)} ${formatCount(count).padStart(7)} hashes   last id ${counter}`,
    )
    isComplete &&= count === rows
  }
  return isComplete
}

async function showRecord(client: Redis, key: string): Promise<void> {
  console.log(formatHeading(`One of them: HGETALL ${key}`))
  const hash = await client.hgetall(key)
  for (const [field, value] of Object.entries(hash)) {
    const text = field === '_airbyte_data' ? formatJson(JSON.parse(value)) : value
    console.log(`  ${field.padEnd(19)} ${indent(text, 22).trimStart()}`)
  }
}

function showFigures(progress: Progress): void {
  const { records, states, seconds, recordsPerSecond } = progress
  const last = states.at(-1)?.stream
  console.log(formatHeading('How it went'))
  console.log(`  ${states.length} of ${stateCount} states acknowledged, for ${formatCount(records)} records`)
  console.log(`  the last one: ${last?.stream_descriptor.name} ${JSON.stringify(last?.stream_state)}`)
  console.log(
    `  ${formatCount(recordsPerSecond)} records a second, ${seconds.toFixed(1)} s from start to exit`,
  )
}
