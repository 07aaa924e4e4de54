import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildImage, docker, image, startDocker } from './docker.ts'
import { check, runIn, writeInputs } from './image-run.ts'
import { configuredCatalog, linesOf, messagesIn, statesIn } from './messages.ts'
import { startRedis } from './redis-container.ts'
import type { RedisContainer } from './redis-container.ts'

type ImageConfig = { Env: string[]; Entrypoint: string[]; Labels: Record<string, string> }
type Lockfile = { version: string }

const lockfile = join(import.meta.dirname, '../../package-lock.json')
const specification = join(import.meta.dirname, '../../spec/spec.json')

let redis: RedisContainer
let folder: string

beforeAll(async () => {
  await buildImage()
  redis = await startRedis()
  folder = writeInputs(inputs())
}, 600_000)

afterAll(async () => {
  await redis?.stop()
  if (folder) rmSync(folder, { recursive: true })
}, 60_000)

describe('the image', { timeout: 60_000 }, () => {
  test('is labelled with its name, its version, its licence and its base image', async () => {
    const { Labels } = await readImageConfig()
    const { version } = readLockfile(readFileSync(lockfile, 'utf8'))

    expect(Labels).toMatchObject({
      'io.airbyte.name': 'destination-redis',
      'io.airbyte.version': version,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.base.name': 'node:24-bookworm-slim',
    })
  })

  test('names the same command as AIRBYTE_ENTRYPOINT and as ENTRYPOINT: absolute, and without a debugger', async () => {
    const { Env, Entrypoint } = await readImageConfig()

    expect(Env).toContain(`AIRBYTE_ENTRYPOINT=${Entrypoint.join(' ')}`)
    expect(Entrypoint).toEqual(['/usr/local/bin/node', '--disable-sigusr1', '/airbyte/dist/main.js'])
  })

  test('runs as uid 1000, which may write to the folders of hosts', async () => {
    const folders = ['/config', '/secrets', '/custom_cache', '/tmp']
    const { code, stdout } = await runShell(
      `id -u && touch ${folders.map((name) => `${name}/probe`).join(' ')}`,
    )

    expect({ code, stdout }).toEqual({ code: 0, stdout: '1000\n' })
  })

  test('holds code that belongs to root, that everybody can read, and that nobody else can change', async () => {
    const isWrong = ['! -user root', '! -group root', '-perm /022', '! -perm -444', '-type d ! -perm -555']
    const search = `find /airbyte ! -type l \\( ${isWrong.join(' -o ')} \\)`
    const { code, stdout } = await runShell(search)

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  test('holds what the Node that runs it has compiled of its chunks, and writes nothing', async () => {
    const name = 'node -p "process.version + String.fromCharCode(45) + process.arch"'
    const start = 'eval "$AIRBYTE_ENTRYPOINT spec" > /dev/null'
    const { stdout } = await runShell(
      `ls /airbyte/dist/compiled/$(${name}) | grep -c js; ${start}; find /airbyte /tmp -type f -newer /etc/hostname`,
    )

    expect(Number(stdout)).toBeGreaterThan(10)
  })

  test('runs with every user id', async () => {
    const { code, stdout } = await docker(['run', '--rm', '--user', '4711:0', image, 'spec'])

    expect({ code, types: messagesIn(stdout).map(({ type }) => type) }).toEqual({ code: 0, types: ['SPEC'] })
  })

  test('holds the built connector, its specification, licences and no sources', async () => {
    const { stdout } = await runShell('ls /airbyte; find /airbyte/dist -name "*.test.*" -o -name "*.ts"')

    expect(stdout).toBe('LICENSE\ndist\npackage.json\nspec\n')
  })

  test('holds the licences of the packages that are bundled', async () => {
    const { stdout } = await runShell('cat /airbyte/dist/THIRD-PARTY-LICENSES.txt')

    expect(stdout).toMatch(/^ssh2 \d\S* \(MIT\)$/m)
  })

  test('holds no packages, no native parts, and a single Node', async () => {
    const packages = await runShell('find /airbyte -name node_modules -o -name "*.node"')
    const binaries = await runShell('find / -xdev -type f -name node -perm -u+x 2>/dev/null')

    expect(packages.stdout).toBe('')
    expect(binaries.stdout).toBe('/usr/local/bin/node\n')
  })
})

describe('spec', { timeout: 60_000 }, () => {
  test('is answered by one SPEC message, with every option there is', async () => {
    const { code, stdout } = await docker(['run', '--rm', image, 'spec'])

    expect(code).toBe(0)
    expect(messagesIn(stdout)).toEqual([
      { type: 'SPEC', spec: JSON.parse(readFileSync(specification, 'utf8')) },
    ])
  })

  test('is answered the way the platform asks: by evaluating AIRBYTE_ENTRYPOINT elsewhere', async () => {
    const { code, stdout } = await runShell('eval "$AIRBYTE_ENTRYPOINT spec"', ['--workdir', '/tmp'])

    expect(code).toBe(0)
    expect(messagesIn(stdout).map(({ type }) => type)).toEqual(['SPEC'])
  })
})

describe('check', { timeout: 60_000 }, () => {
  test('succeeds against a Redis that answers', async () => {
    expect(await checkWith('config.json')).toMatchObject({ code: 0, statuses: ['SUCCEEDED'] })
  })

  test('reports a port where nothing listens as a failed check, and ends well', async () => {
    expect(await checkWith('wrong-port.json')).toMatchObject({ code: 0, statuses: ['FAILED'] })
  })

  test('has all that an SSH tunnel needs, and says so when no SSH server listens', async () => {
    const { code, statuses, messages } = await checkWith('wrong-tunnel.json')

    expect({ code, statuses }).toEqual({ code: 0, statuses: ['FAILED'] })
    expect(messages).toEqual([expect.stringMatching(/SSH host redis:22 .*\[connection-refused\]$/)])
  })
})

describe('write', { timeout: 120_000 }, () => {
  const write = ['write', '--config', '/dest/config.json', '--catalog', '/dest/catalog.json']

  test('lands records in Redis and gives the states back, counted', async () => {
    const { code, stdout } = await docker(
      [...runInNetwork(), image, ...write],
      linesOf('piped', { records: 250, every: 100 }),
    )

    expect(code).toBe(0)
    expect(statesIn(stdout)).toEqual([
      { id: 1, recordCount: 100 },
      { id: 2, recordCount: 100 },
      { id: 3, recordCount: 50 },
    ])
    expect(await redis.ask('GET', 'piped:people')).toBe('250')
    expect(await redis.ask('HGET', 'piped:people:1', '_airbyte_data')).toMatch(/^\{"name":"Ada 1 ☂",/)
    expect(await redis.ask('HMGET', 'piped:people:250', '_airbyte_ab_id', '_airbyte_emitted_at')).toBe(
      '250\n1700000000250',
    )
  })

  test('needs no writable file system, no capabilities and no working directory of its own', async () => {
    const locked = [
      '--read-only',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      '--workdir',
      '/dest',
    ]
    const { code, stdout } = await docker(
      [
        ...runInNetwork(),
        ...locked,
        '--entrypoint',
        'sh',
        image,
        '-c',
        `eval "$AIRBYTE_ENTRYPOINT ${write.join(' ')}"`,
      ],
      linesOf('locked', { records: 10, every: 10 }),
    )

    expect({ code, states: statesIn(stdout) }).toEqual({ code: 0, states: [{ id: 1, recordCount: 10 }] })
    expect(await redis.ask('GET', 'locked:people')).toBe('10')
  })

  test('gets tens of thousands of records through with 256 MB of memory', async () => {
    const small = ['--memory', '256m', '--memory-swap', '256m']
    const { code, stdout } = await docker(
      [...runInNetwork(), ...small, image, ...write],
      linesOf('small', { records: 40_000, every: 10_000 }),
    )

    expect({ code, acknowledged: statesIn(stdout).map(({ id }) => id) }).toEqual({
      code: 0,
      acknowledged: [1, 2, 3, 4],
    })
    expect(await redis.ask('GET', 'small:people')).toBe('40000')
    expect(await redis.ask('EXISTS', 'small:people:1', 'small:people:40000')).toBe('2')
  })

  test('ends with 143 when its container is stopped, what it acknowledged being there', async () => {
    const name = `destination-redis-smoke-${process.pid}`
    const child = startDocker([...runInNetwork(), '--name', name, image, ...write])
    const exit = once(child, 'exit')
    for (const line of linesOf('stopped', { records: 20, every: 20 })) child.stdin.write(line)
    for await (const line of createInterface({ input: child.stdout })) {
      if (statesIn(line).length > 0) break
    }

    await docker(['stop', '--time', '30', name])

    expect(await exit).toEqual([143, null])
    expect(await redis.ask('EXISTS', 'stopped:people:1', 'stopped:people:20')).toBe('2')
  })
})

function checkWith(config: string) {
  return check({ network: redis.network, folder }, config)
}

function runInNetwork(): string[] {
  return runIn({ network: redis.network, folder })
}

function runShell(script: string, options: string[] = []) {
  return docker(['run', '--rm', ...options, '--entrypoint', 'sh', image, '-c', script])
}

async function readImageConfig(): Promise<ImageConfig> {
  const { stdout } = await docker(['image', 'inspect', '--format', '{{json .Config}}', image])
  return JSON.parse(stdout)
}

function readLockfile(text: string): Lockfile {
  return JSON.parse(text)
}

function inputs(): Record<string, object> {
  const config = { host: 'redis', port: 6379, cache_type: 'hash' }
  const tunnel = { tunnel_method: 'SSH_PASSWORD_AUTH', tunnel_host: 'redis', tunnel_port: 22 }
  const login = { tunnel_user: 'airbyte', tunnel_user_password: 'secret' }
  return {
    'config.json': config,
    'wrong-port.json': { ...config, port: 6380 },
    'wrong-tunnel.json': { ...config, tunnel_method: { ...tunnel, ...login } },
    'catalog.json': configuredCatalog('piped', 'locked', 'small', 'stopped'),
  }
}
