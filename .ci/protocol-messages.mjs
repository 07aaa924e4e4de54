// Prints every line that the connector prints for spec, for good and bad checks, and for syncs that end well and badly.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const folder = mkdtempSync(join(tmpdir(), 'destination-redis-protocol-'))
const port = await freePort()
const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
  stdio: 'ignore',
})

const server = { host: '127.0.0.1', port }
const stream = { name: 'people', namespace: 'public', json_schema: { properties: { id: {}, name: {} } } }
const catalog = write({ streams: [{ ...configured('append'), generation_id: 1, minimum_generation_id: 0 }] })
const dedup = write({
  streams: [{ ...configured('append_dedup'), primary_key: [['id']], cursor_field: ['id'] }],
})
const record = {
  type: 'RECORD',
  record: { ...named(), data: { id: 1, name: 'Ada' }, emitted_at: 1_700_000_000_000 },
}
const status = { stream_descriptor: { name: 'people', namespace: 'public' }, status: 'COMPLETE' }
const complete = { type: 'TRACE', trace: { type: 'STREAM_STATUS', emitted_at: 1, stream_status: status } }
const descriptor = { stream_descriptor: { name: 'people', namespace: 'public' }, stream_state: { at: 1 } }
const states = [
  { type: 'STATE', state: { type: 'STREAM', stream: descriptor, sourceStats: { recordCount: 1 } } },
  { type: 'STATE', state: { type: 'STREAM', stream: descriptor, id: 7 } },
  { type: 'STATE', state: { type: 'GLOBAL', global: { shared_state: {}, stream_states: [descriptor] } } },
  { type: 'STATE', state: { data: { at: 1 } } },
]

try {
  await untilListening()
  await run(['spec'])
  await check(server)
  await check({ ...server, cache_type: 'list', ttl_seconds: 60, durability: { mode: 'none' } })
  await check({ ...server, port: 1 })
  await check({ ...server, cache_type: 'tree' })
  await check({ ...server, password: 'wrong' })
  for (const state of states) await sync(server, catalog, [record, state, complete])
  for (const cache_type of ['list', 'set', 'stream', 'string'])
    await sync(
      { ...server, cache_type, data_format: 'json', key_template: `${cache_type}:\${id}` },
      catalog,
      [record, states[0], complete],
    )
  const flat = { data_format: 'flat', key_template: 'person:${id}' }
  await sync({ ...server, ...flat }, dedup, [record, record, states[0], complete])
  const filtered = { record_filter: { field: 'name', equals: 'Grace' }, on_record_error: 'dead_letter' }
  const unusable = { ...record, record: { ...record.record, data: { name: 'Grace' } } }
  await sync({ ...server, ...flat, ...filtered }, catalog, [record, unusable, states[0], complete])
  await sync({ ...server, ...flat }, catalog, [unusable])
  await sync(server, catalog, [{ ...record, record: { ...record.record, stream: 'unknown' } }])
  await sync(server, catalog, ['not JSON'])
  await sync(server, catalog, [record])
  await sync({ ...server, port: 1, max_outage_seconds: 1 }, catalog, [record])
  await sync(server, write({ streams: [{}] }), [])
  await run(['no-such-command'])
  await run(['discover', '--config', write(server)])
  await run(['clear', '--config', write(server), '--dry-run'])
  await run(['clear', '--config', write(server), '--pattern'])
} finally {
  redis.kill()
  rmSync(folder, { recursive: true })
}

function check(config) {
  return run(['check', '--config', write(config)])
}

function sync(config, catalogPath, lines) {
  return run(['write', '--config', write(config), '--catalog', catalogPath], lines)
}

/** Sends the lines, and passes on what the connector prints on standard output. */
async function run(args, lines = []) {
  const connector = spawn(process.execPath, ['dist/main.js', ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  connector.stdin.on('error', () => {})
  connector.stdin.end(
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  )
  await once(connector, 'exit')
}

function configured(mode) {
  return { stream, sync_mode: 'incremental', destination_sync_mode: mode }
}

function named() {
  return { stream: 'people', namespace: 'public' }
}

function write(content) {
  const path = join(folder, `${randomUUID()}.json`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port: free } = probe.address()
  probe.close()
  return free
}

async function untilListening() {
  for (let left = 200; left > 0; left -= 1) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await wait(50)
  }
  throw new Error(`redis-server does not listen on port ${port}.`)
}
