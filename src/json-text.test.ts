import { describe, expect, it } from 'vitest'
import { ConfigError } from './errors.ts'
import { findJsonError, parseJson } from './json-text.ts'

const SOURCE = { option: '--config', path: '/c.json' } as const

describe('a file that is not JSON', () => {
  it.each([
    ['{\n  "host": "h",\n}', 3, 1],
    ["{'host': 1}", 1, 2],
    ['{"a" 1}', 1, 6],
    ['{"a": 1 "b": 2}', 1, 9],
    ['{"a": 1', 1, 8],
    ['{"a": [1, 2}', 1, 12],
    ['{"a": [1,]}', 1, 10],
    ['{"a": tru}', 1, 7],
    ['{"a": 01}', 1, 7],
    ['{"a": "x}', 1, 7],
    ['{"a":\n "x\ty"}', 2, 2],
    ['{"a": "\\x"}', 1, 7],
    ['{} {}', 1, 4],
    ['host: redis\nport: 1', 1, 1],
    ['[', 1, 2],
    ['"', 1, 1],
    ['}', 1, 1],
  ])('is named with the line and the column of the mistake: %j', (text, line, column) => {
    expect(problemOf(text)).toMatchObject({
      code: 'file-not-json',
      params: { option: '--config', path: '/c.json', line, column },
    })
  })

  it('is not quoted, as it may contain secrets', () => {
    for (const text of ['{"password": "s3cret" "x"}', '{"password": s3cret}', 's3cret'])
      expect(problemOf(text)?.sentence).not.toContain('s3cret')
  })

  it('is found to be wrong for every text that JSON.parse refuses', () => {
    const valid = '{"a": [1, -2.5e+3, true, null, "x\\u00fc\\n", {}, []], "b": {"c": ""}}'
    for (let at = 0; at < valid.length; at++)
      for (const inserted of ['', ',', '"', '}', ']', ':', '0', ' x'])
        for (const removed of [0, 1]) {
          const text = valid.slice(0, at) + inserted + valid.slice(at + removed)
          if (!isJson(text)) expect(findJsonError(text).offset, text).toBeLessThanOrEqual(text.length)
        }
  })
})

describe('a file', () => {
  it.each(['', ' \n', '\uFEFF', '\uFEFF\n'])('that is empty is named: %j', (text) => {
    expect(problemOf(text)).toMatchObject({ code: 'file-empty', params: { path: '/c.json' } })
  })

  it('may begin with a byte order mark', () => {
    expect(parseJson('\uFEFF{"host":"h"}', SOURCE)).toEqual({ host: 'h' })
  })
})

function problemOf(text: string) {
  try {
    parseJson(text, SOURCE)
  } catch (error) {
    if (error instanceof ConfigError) return error.problem
    throw error
  }
  return undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
