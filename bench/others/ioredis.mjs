// Loads records, one Airbyte message per line on stdin, with a pipeline of ioredis.
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'

const CHUNK = 1_000

const [host, port] = process.argv.slice(2)
const client = new Redis({ host, port: Number(port), password: process.env.REDISCLI_AUTH })

let pipeline = client.pipeline()
let number = 0
for await (const line of createInterface({ input: process.stdin })) {
  const { type, record } = JSON.parse(line)
  if (type !== 'RECORD') continue
  number++
  pipeline.hset(`${record.namespace}:${record.stream}:${number}`, {
    _airbyte_ab_id: number,
    _airbyte_emitted_at: record.emitted_at,
    _airbyte_data: JSON.stringify(record.data),
  })
  if (number % CHUNK === 0) {
    await execute(pipeline)
    pipeline = client.pipeline()
  }
}
await execute(pipeline)
client.disconnect()

async function execute(filled) {
  for (const [error] of await filled.exec()) if (error) throw error
}
