// The import rules of the rooms of src, as oxlint applies them to a tree of files that import from every room.
import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FOLDERS_OF_TESTS, ROOMS } from '../.ci/rooms.mjs'

const root = join(import.meta.dirname, '..')
const rooms = Object.keys(ROOMS)
/** The files beside the rooms that no room may import, and those that every room may import. */
const VERBS = ['main', 'program', 'cli', 'spec', 'check', 'clear', 'write']
const OPEN = ['errors', 'log']
const SERVERS = ['node:net', 'node:tls', 'node:child_process']

let tree: string
/** By file, the paths that it may not import. */
let refused: Map<string, Set<string>>

beforeAll(async () => {
  tree = mkdtempSync(join(tmpdir(), 'destination-redis-rooms-'))
  cpSync(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  for (const room of rooms) {
    add(`src/${room}/inside.ts`, [...importsOf(room), 'ioredis'])
    add(`src/${room}/inside.test.ts`, [...importsOf(room), ...SERVERS, '../../../integration_tests/x.ts'])
  }
  add('src/cycle/one.ts', [])
  writeFileSync(join(tree, 'src/cycle/one.ts'), typeCycle('one', 'two'))
  writeFileSync(join(tree, 'src/cycle/two.ts'), typeCycle('two', 'one'))
  refused = await lint()
})
afterAll(() => rmSync(tree, { recursive: true }))

describe.each(rooms)('a file of src/%s', (room) => {
  const file = `src/${room}/inside.ts`

  it('may import the rooms of the table, and no other', () => {
    const open = new Set<string>([...ROOMS[room]!.mayImport, nameOf(room)])
    const closed = rooms.filter((other) => !open.has(nameOf(other)))
    expect(refusedRooms(file)).toEqual(closed)
  })

  it('may import errors.ts and log.ts, and no command', () => {
    const beside = [...VERBS, ...OPEN].filter((name) => refused.get(file)!.has(`../../${name}.ts`))
    expect(beside).toEqual(VERBS)
  })

  it('may import ioredis only if the room belongs to redis', () => {
    expect(refused.get(file)!.has('ioredis')).toBe(folderOf(room) !== 'redis')
  })
})

describe.each(rooms)('a test in src/%s', (room) => {
  const file = `src/${room}/inside.test.ts`

  it('may import what its folder builds on, and nothing above', () => {
    const open: readonly string[] = FOLDERS_OF_TESTS[folderOf(room)]!
    expect(refusedRooms(file)).toEqual(rooms.filter((other) => !open.includes(folderOf(other))))
  })

  it('may start no server and no process', () => {
    const closed = [...SERVERS, '../../../integration_tests/x.ts']
    expect(closed.filter((path) => !refused.get(file)!.has(path))).toEqual([])
  })
})

describe('the rooms', () => {
  it('have every source file of src in them, but for the commands and what is open to all', () => {
    const files = globSync('src/*/**/*.ts', { cwd: root }).filter((path) => !/scanner\/wasm\//.test(path))
    const outside = files.filter((path) => !rooms.includes(dirname(relative('src', path))))
    expect(files.length).toBeGreaterThan(100)
    expect(outside).toEqual([])
  })

  it('have names of their own', () => {
    expect(new Set(rooms.map(nameOf)).size).toBe(rooms.length)
  })
})

it('files that import types from each other are refused', () => {
  expect(refused.get('src/cycle/one.ts')).toContain('cycle')
  expect(refused.get('src/cycle/two.ts')).toContain('cycle')
})

function nameOf(room: string): string {
  return room.split('/')[1]!
}

function folderOf(room: string): string {
  return room.split('/')[0]!
}

function refusedRooms(file: string): string[] {
  return rooms.filter((other) => refused.get(file)!.has(pathTo(dirname(file), other)))
}

/** Returns the path by which a file in the folder names a file in the room. */
function pathTo(folder: string, room: string): string {
  const path = relative(folder, `src/${room}/other.ts`)
  return path.startsWith('.') ? path : `./${path}`
}

function importsOf(room: string): string[] {
  const beside = [...VERBS, ...OPEN].map((name) => `../../${name}.ts`)
  return [...rooms.map((other) => pathTo(`src/${room}`, other)), ...beside]
}

/** Writes a file with one import a line, in the order given. */
function add(path: string, imports: readonly string[]): void {
  const file = join(tree, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, imports.map((name) => `import '${name}'\n`).join(''))
  importsIn.set(path, imports)
}

const importsIn = new Map<string, readonly string[]>()

function typeCycle(own: string, other: string): string {
  return `import type { ${other} } from './${other}.ts'\nexport type ${own} = ${other} | undefined\n`
}

interface Report {
  diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[]
}

/** Runs oxlint once over the whole tree. */
async function lint(): Promise<Map<string, Set<string>>> {
  const output = await new Promise<string>((resolve, reject) => {
    const oxlint = join(root, 'node_modules/.bin/oxlint')
    // It ends with 1, as it finds errors.
    execFile(oxlint, ['--format=json', 'src'], { cwd: tree, maxBuffer: 1 << 28 }, (error, stdout) =>
      error?.code === 1
        ? resolve(stdout)
        : reject(new Error(`oxlint ended otherwise than expected: ${stdout}`)),
    )
  })
  const found = new Map([...importsIn.keys(), 'src/cycle/two.ts'].map((path) => [path, new Set<string>()]))
  for (const { code, filename, labels } of (JSON.parse(output) as Report).diagnostics) {
    if (code.includes('no-cycle')) found.get(filename)?.add('cycle')
    if (code.includes('no-restricted-imports'))
      found.get(filename)!.add(importsIn.get(filename)![labels[0]!.span.line - 1]!)
  }
  return found
}
