// redis/ is about Redis: it names no sync mode of Airbyte and no key of the connector's own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, 'redis')
const NAMES = /_airbyte\b|\b(append_dedup|soft_delete|overwrite|refreshes)\b/i

it('redis/ and its tests name no Airbyte mode and no key of the connector', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))
  expect(files.length).toBeGreaterThan(50)
  expect(files.filter(({ text }) => NAMES.test(text)).map(({ file }) => file)).toEqual([])
})
