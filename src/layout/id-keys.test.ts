import { describe, expect, it } from 'vitest'
import { idIn, idKeysOf } from './id-keys.ts'

const STREAM = { name: 's', namespace: 'n' }

describe('keys that are made of ids alone', () => {
  it.each([
    ['${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}', 'n:s:', ''],
    ['${_airbyte_ab_id}', '', ''],
    ['row:{${_airbyte_ab_id}}:x', 'row:{', '}:x'],
    ['$${${_airbyte_ab_id}${_airbyte_stream}', '${', 's'],
  ])('%s', (template, lead, tail) => {
    expect(idKeysOf(template, STREAM, '')).toEqual({ lead, tail })
    expect(idKeysOf(template, STREAM, 'p:')).toEqual({ lead: `p:${lead}`, tail })
  })

  it.each([
    '',
    'k',
    '${_airbyte_namespace}:${_airbyte_stream}',
    '${id}',
    '${_airbyte_ab_id}:${id}',
    '${_airbyte_primary_key}',
    '${_airbyte_primary_key}:${_airbyte_ab_id}',
    '${_airbyte_ab_id}:${_airbyte_ab_id}',
    '$${_airbyte_ab_id}',
  ])('are none: %j', (template) => {
    expect(idKeysOf(template, STREAM, 'p:')).toBeUndefined()
  })
})

describe('the id that a key is made of', () => {
  it.each([
    ['n:s:1', 'n:s:', '', 1],
    ['n:s:9007199254740991', 'n:s:', '', 9_007_199_254_740_991],
    ['row:12:x', 'row:', ':x', 12],
    ['7', '', '', 7],
  ])('%s is %#', (key, lead, tail, id) => {
    expect(idIn(key, { lead, tail })).toBe(id)
  })

  it.each([
    ['m:s:1', 'n:s:', ''],
    ['row:12', 'row:', ':x'],
    ['row:12:x:x', 'row:', ':x'],
    ['n:s:', 'n:s:', ''],
    ['n:s:0', 'n:s:', ''],
    ['n:s:01', 'n:s:', ''],
    ['n:s:1.0', 'n:s:', ''],
    ['n:s: 1', 'n:s:', ''],
    ['n:s:x1', 'n:s:', ''],
    ['n:s:12345678901234567', 'n:s:', ''],
    ['n:s:1\n', 'n:s:', ''],
    // Lead and tail overlap: there is nothing in between.
    ['row:x', 'row:', ':x'],
  ])('is none: %j', (key, lead, tail) => {
    expect(idIn(key, { lead, tail })).toBeUndefined()
  })
})
