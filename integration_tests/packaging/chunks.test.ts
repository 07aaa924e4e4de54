// The chunks of the build: what is compiled of them, and which of them a command loads.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMPILED, compileChunk } from '../../src/chunk-loader.ts'
import { writeFiles } from '../support/connector.ts'
import { catalog, record } from '../support/messages.ts'
import { RedisServer } from '../support/redis-server.ts'
import { shareFixture } from '../support/shared-fixture.ts'
import { root } from './bundled-packages.ts'

const dist = join(root, 'dist')
const chunks = readdirSync(join(dist, 'chunks')).filter((name) => name.endsWith('.js'))

/** Prints what a process has read and loaded. */
const RECORDER = `
  const fs = require('node:fs')
  const { readFileSync } = fs
  const read = []
  fs.readFileSync = (path, ...others) => {
    read.push(String(path))
    return readFileSync(path, ...others)
  }
  process.once('exit', () => fs.writeSync(2, JSON.stringify({ read, modules: process.moduleLoadList })))
`

let redis: RedisServer
let folder: string

shareFixture(
  () => RedisServer.start(),
  (started) => (redis = started),
)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'destination-redis-chunks-'))
  writeFileSync(join(folder, 'recorder.cjs'), RECORDER)
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('what is compiled of the chunks', () => {
  it.each(chunks)('is taken over by V8, and has all functions: %s', (name) => {
    const compiled = readFileSync(join(dist, COMPILED, name))
    const script = compileChunk(join(dist, 'chunks', name), compiled)
    expect(script.cachedDataRejected).toBe(false)
    // Without functions it is some hundred bytes.
    expect(compiled.length).toBeGreaterThan(readFileSync(join(dist, 'chunks', name)).length / 2)
  })

  it.each([
    ['is missing', 'missing', []],
    ['is cut off', 'cut', []],
    ['is of other flags of V8', 'whole', ['--max-semi-space-size=16']],
  ])('may be left out: the connector runs where it %s', (_, state, flags) => {
    const copy = join(folder, state)
    mkdirSync(copy)
    for (const part of ['dist', 'spec', 'package.json'])
      cpSync(join(root, part), join(copy, part), { recursive: true })
    if (state === 'missing') rmSync(join(copy, 'dist/compiled'), { recursive: true })
    if (state === 'cut')
      for (const name of chunks) {
        const path = join(copy, 'dist', COMPILED, name)
        writeFileSync(path, readFileSync(path).subarray(0, 100))
      }
    const printed = execFileSync(process.execPath, [...flags, join(copy, 'dist/main.js'), 'spec'])
    expect(JSON.parse(printed.toString())).toMatchObject({ type: 'SPEC' })
  })
})

describe('a command loads no more than it needs:', () => {
  it('`spec` no configuration, no Redis', () => {
    const { sources, modules } = loadedBy(['spec'])
    expect(sources).toMatch(/src\/spec\.ts/)
    expect(sources).not.toMatch(/src\/(config\/parsing|redis|layout|sync|write|check)|node_modules/)
    expect(modules).not.toMatch(/NativeModule (crypto|tls)$/m)
  })

  it('yargs for help', () => {
    expect(loadedBy(['--help']).sources).toMatch(/yargs\//)
  })

  it('`check` no run, no scanner, no help, no tunnel, no TLS', () => {
    const { sources, modules } = loadedBy(['check', '--config', files().config])
    expect(sources).toMatch(/src\/redis\/health/)
    expect(sources).not.toMatch(
      /src\/(sync\/dataflow|protocol\/scanner\/scanner|write|clear|terminal)|(ssh2|yargs)\//,
    )
    expect(modules).not.toMatch(/NativeModule tls$/m)
  })

  it('`write` no check, no help, no tunnel, no view, no TLS', () => {
    const { config, catalog: streams } = files()
    const args = ['write', '--config', config, '--catalog', streams]
    const { sources, modules } = loadedBy(args, `${record('s', { id: 1 })}\n`)
    expect(sources).toMatch(/src\/sync\/dataflow/)
    expect(sources).not.toMatch(/src\/(redis\/health|check|clear|terminal)|(ssh2|yargs)\//)
    expect(modules).not.toMatch(/NativeModule tls$/m)
  })
})

/** Writes a configuration and a catalog; returns their paths. */
function files(): Record<'config' | 'catalog', string> {
  const { host, port } = redis
  return writeFiles({ config: { host, port }, catalog: catalog([{ name: 's', mode: 'append' }]) })
}

/** Returns the sources of the chunks that a command loads, and the modules of Node, one on a line each. */
function loadedBy(args: string[], input = ''): { sources: string; modules: string } {
  const command = `${JSON.stringify(process.execPath)} -r ./recorder.cjs ${[join(dist, 'main.js'), ...args].join(' ')}`
  const report = execFileSync('sh', ['-c', `${command} 2>&1 > /dev/null`], {
    cwd: folder,
    input,
    encoding: 'utf8',
  })
  const { read, modules } = JSON.parse(report) as { read: string[]; modules: string[] }
  const maps = read.filter((path) => path.startsWith(join(dist, 'chunks'))).map((path) => `${path}.map`)
  // The helpers of the bundler have no map.
  const sources = maps.filter(existsSync).flatMap((path) => {
    const map = JSON.parse(readFileSync(path, 'utf8')) as { sources: string[] }
    return map.sources
  })
  return { sources: sources.join('\n'), modules: modules.join('\n') }
}
