// The compose example, with the commands that its page names.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { docker } from './docker.ts'
import { statesIn } from './messages.ts'

const folder = join(import.meta.dirname, '../../examples/deploy/compose')
const environment = {
  DOCKER_BUILDKIT: '0',
  ...process.env,
  COMPOSE_PROJECT_NAME: `destination-redis-${process.pid}`,
}

test('the compose example writes the records of its source', async (context) => {
  const compose = await findCompose()
  if (compose === undefined) return context.skip('there is neither docker compose nor docker-compose here')

  try {
    const up = await run(`${compose} build connector && ${compose} up --detach redis`)
    const write = await run(`${compose} run --rm -T source | ${compose} run --rm -T connector`)
    const row = await run(`${compose} exec -T redis redis-cli HGETALL user:1`)

    expect(up.code).toBe(0)
    expect({ code: write.code, states: statesIn(write.stdout) }).toEqual({
      code: 0,
      states: [{ recordCount: 3 }],
    })
    expect(row.stdout).toBe('id\n1\nname\nAda Lovelace\ncity\nLondon\n')
  } finally {
    await run(`${compose} down --volumes`)
  }
}, 600_000)

async function findCompose(): Promise<string | undefined> {
  const plugin = await docker(['compose', 'version'])
  if (plugin.code === 0) return 'docker compose'
  const standalone = await run('docker-compose version')
  return standalone.code === 0 ? 'docker-compose' : undefined
}

async function run(command: string): Promise<{ code: number | null; stdout: string }> {
  const shell = spawn('sh', ['-c', command], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [stdout] = await Promise.all([text(shell.stdout), once(shell, 'close')])
  return { code: shell.exitCode, stdout }
}
