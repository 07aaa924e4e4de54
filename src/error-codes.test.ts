import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { sourceFiles } from './source-files.support.ts'

const PAGE = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')

/** At least two words in lower case. */
const CODE = '[a-z0-9]+(?:-[a-z0-9]+)+'

/** A code is the first such text in a call of `problem`, `finding`, or a function named after these; or the `code` of a table's row. */
const CALLS = new RegExp(
  String.raw`\b\w*(?:[pP]roblem|report|finding)\(\s*(?:'?[\w.]+'?,\s*)*'(${CODE})'`,
  'g',
)
const ROWS = new RegExp(String.raw`\bcode: '(${CODE})'`, 'g')

const SOURCES = sourceFiles().map(({ text }) => text)
const CODES = SOURCES.flatMap((text) =>
  [CALLS, ROWS].flatMap((pattern) => [...text.matchAll(pattern)].map(([, code]) => code!)),
)

it('every code is explained in docs/errors.md', () => {
  expect(CODES.length).toBeGreaterThan(90)
  const headings = headingsOf(PAGE)
  expect([...new Set(CODES)].filter((code) => !headings.includes(code)).toSorted()).toEqual([])
})

it('docs/errors.md explains no code that does not exist, and each only once', () => {
  const headings = headingsOf(PAGE)
  expect(headings.filter((code) => !SOURCES.some((text) => text.includes(`'${code}'`)))).toEqual([])
  expect(headings.filter((code, index) => headings.indexOf(code) < index)).toEqual([])
})

it('every explanation has a cause and a remedy', () => {
  for (const section of PAGE.split(/^### /m).slice(1)) {
    const code = section.split('\n', 1)[0]
    const [text] = section.split(/^## /m)
    expect(text, code).toMatch(/^\S+\n\nCause: \S[^]*\.\n\nRemedy: \S[^]*\.\s*$/)
  }
})

function headingsOf(page: string): string[] {
  return [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading!)
}
