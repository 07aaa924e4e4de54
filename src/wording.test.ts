import { expect, it } from 'vitest'
import { listAnd, listOr, nearestName } from './wording.ts'

it.each([
  [[], '', ''],
  [['a'], 'a', 'a'],
  [['a', 'b'], 'a and b', 'a or b'],
  [['a', 'b', 'c'], 'a, b and c', 'a, b or c'],
])('names are listed with commas and one conjunction: %j', (names, all, any) => {
  expect(listAnd(names)).toBe(all)
  expect(listOr(names)).toBe(any)
})

it.each([
  ['cach_type', 'cache_type'],
  ['cachetype', 'cache_type'],
  ['key_tempalte', 'key_template'],
  ['hots', 'host'],
  ['Host', 'host'],
  ['something', undefined],
  ['', undefined],
  ['x'.repeat(100), undefined],
])('the name that was meant is the most similar one: %s', (name, nearest) => {
  expect(nearestName(name, ['host', 'port', 'cache_type', 'key_template', 'x'.repeat(99)])).toBe(nearest)
})
