import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isCommandName } from './command-replies.ts'

const SRC = join(import.meta.dirname, '../..')

it('every command that the connector asks is known by name, so that an error can name it', () => {
  const sources = globSync('**/*.ts', { cwd: SRC, exclude: (name) => name.endsWith('.test.ts') })
  const asked = new Set(
    sources.flatMap((path) =>
      [...readFileSync(join(SRC, path), 'utf8').matchAll(/\bask\(\s*'(?<name>[A-Z]+)'/g)].map(
        ({ groups }) => groups!['name']!,
      ),
    ),
  )
  expect(asked.size).toBeGreaterThan(20)
  expect([...asked].filter((name) => !isCommandName(name))).toEqual([])
})

it('what a server names besides is not repeated', () => {
  expect(isCommandName('SECRET')).toBe(false)
})
