import { describe, expect, it } from 'vitest'
import { fieldText, readField } from './field-text.ts'

describe('an item of fields', () => {
  it.each([
    ['id', 'id', 'id'],
    ['a.b -> c', 'a.b', 'c'],
    ['a->c', 'a', 'c'],
    ['a  ->  c', 'a ', ' c'],
    ['a\\->b', 'a->b', 'a->b'],
    ['a\\->b -> c\\->d', 'a->b', 'c->d'],
    ['a - > b', 'a - > b', 'a - > b'],
  ])('is a column and the name it is stored under: %s', (text, from, to) => {
    expect(readField(text)).toEqual({ from, to })
  })

  it.each(['', '->', ' -> a', 'a -> ', 'a -> b -> c'])('is none: %j', (text) => {
    expect(readField(text)).toBeUndefined()
  })
})

describe('a stored object', () => {
  it.each([
    ['id', 'id'],
    ['a b', ' c '],
    ['a->b', '-> c'],
    ['ü', '\\'],
  ])('becomes the text that means the same: %j as %j', (from, to) => {
    expect(readField(String(fieldText({ from, to })))).toEqual({ from, to })
  })

  it.each(['id', 7, null, { from: 'a' }, { from: 1, to: 'b' }])(
    'is left for the schema to refuse where it is no such object: %j',
    (field) => expect(fieldText(field)).toBe(field),
  )
})
