// The tables of README.md name every case that has a test here, where it is, and where else to look.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Entry {
  name: string
  /** The cell that says where its test is. */
  where: string
}

const folder = import.meta.dirname
const self = 'cases.test.ts'

const entries = readEntries()
const titles = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts') && file !== self)
  .flatMap((file) => titlesIn(file).map((title) => ({ file, title })))

describe('the tables', () => {
  it('name each case of each test, with its file', () => {
    const tested = titles.map(({ file, title }) => `${nameOf(title)} in ${file}`)
    const listed = entries.flatMap(({ name, where }) => {
      const [, file] = /^`([\w-]+\.test\.ts)`/.exec(where) ?? []
      return file === undefined ? [] : [`${name} in ${file}`]
    })
    expect([...new Set(listed)].toSorted()).toEqual([...new Set(tested)].toSorted())
  })

  it('name titles that the files they point to have', () => {
    const pointed = entries.flatMap(({ where }) => [...where.matchAll(/`(\.\.\/[^`]+)`: _(.+?)_(?= \(|$)/g)])
    expect(pointed.length).toBeGreaterThan(0)
    for (const [, path = '', title = ''] of pointed) {
      expect(existsSync(join(folder, path)), path).toBe(true)
      expect(readFileSync(join(folder, path), 'utf8'), `${path}: ${title}`).toContain(title)
    }
  })

  it('refer from one case to another only where that one has a test', () => {
    const names = new Set(titles.map(({ title }) => nameOf(title)))
    const referred = entries.flatMap(({ where }) => /^as `(\w+)`/.exec(where)?.[1] ?? [])
    expect(referred.filter((name) => !names.has(name))).toEqual([])
  })

  it('say of every case where its test is, or why there is none', () => {
    const form = /^(`(\.\.\/[\w./-]+)`: _.+_|`[\w-]+\.test\.ts`|as `\w+`|left out: .{20,})/
    expect(entries.filter(({ where }) => !form.test(where))).toEqual([])
  })
})

function readEntries(): Entry[] {
  const lines = readFileSync(join(folder, 'README.md'), 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, name, where] = /^\| `(\w+)` +\| (.+?) +\|$/.exec(line) ?? []
    return name === undefined || where === undefined ? [] : [{ name, where }]
  })
}

/** Of a test that cannot be found this way, `it` would be called more often than there are titles. */
function titlesIn(file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8')
  const found = [...text.matchAll(/^ *it(?:\.each\([^'"`]*?\))?\(\s*'((?:[^'\\]|\\.)+)'/gm)]
  expect(found.length, `tests of ${file}`).toBe(text.match(/^ *it\b/gm)?.length)
  return found.map(([, title = '']) => title)
}

function nameOf(title: string): string {
  return /^(\w+): ./.exec(title)?.[1] ?? `a title without a case: ${title}`
}
