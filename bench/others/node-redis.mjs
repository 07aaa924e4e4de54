// Loads records, one Airbyte message per line on stdin, with a pipeline of node-redis.
import { createInterface } from 'node:readline'
import { createClient } from 'redis'

const CHUNK = 1_000

const [host, port] = process.argv.slice(2)
const client = createClient({ socket: { host, port: Number(port) }, password: process.env.REDISCLI_AUTH })
await client.connect()

let pipeline = client.multi()
let number = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { type, record } = JSON.parse(line)
  if (type !== 'RECORD') continue
  number++
  pipeline.hSet(`${record.namespace}:${record.stream}:${number}`, {
    _airbyte_ab_id: number,
    _airbyte_emitted_at: record.emitted_at,
    _airbyte_data: JSON.stringify(record.data),
  })
  if (number % CHUNK === 0) {
    await pipeline.execAsPipeline()
    pipeline = client.multi()
  }
}
await pipeline.execAsPipeline()
await client.close()
