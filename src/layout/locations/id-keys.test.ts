import { describe, expect, it } from 'vitest'
import { idIn, idKeysOf } from './id-keys.ts'

const stream = { name: 's', namespace: 'n' }

describe('keys that are made of ids alone', () => {
  it.each([
    ['${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}', { lead: 'p:n:s:', tail: '' }],
    ['row:${_airbyte_ab_id}:x', { lead: 'p:row:', tail: ':x' }],
    ['${_airbyte_ab_id}', { lead: 'p:', tail: '' }],
  ])('are told by what is around the id: %s', (template, keys) => {
    expect(idKeysOf(template, stream, 'p:')).toEqual(keys)
  })

  it.each([
    'row',
    'row:${id}',
    '${_airbyte_ab_id}:${id}',
    '${_airbyte_ab_id}:${_airbyte_ab_id}',
    '${_airbyte_primary_key}',
  ])('are not those of %s', (template) => expect(idKeysOf(template, stream, '')).toBeUndefined())

  it.each([
    ['a:12:z', 12],
    ['a:1:z', 1],
    ['a:0:z', undefined],
    ['a:01:z', undefined],
    ['a:x:z', undefined],
    ['a::z', undefined],
    ['b:12:z', undefined],
    ['a:12', undefined],
    ['a:z', undefined],
  ])('give their id back: %s', (key, id) => {
    expect(idIn(key, { lead: 'a:', tail: ':z' })).toBe(id)
  })
})
