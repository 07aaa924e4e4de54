import { expect, it } from 'vitest'
import { listAnd, listOr } from './wording.ts'

it.each([
  [[], '', ''],
  [['a'], 'a', 'a'],
  [['a', 'b'], 'a and b', 'a or b'],
  [['a', 'b', 'c'], 'a, b and c', 'a, b or c'],
])('names are listed with commas and one conjunction: %j', (names, all, any) => {
  expect(listAnd(names)).toBe(all)
  expect(listOr(names)).toBe(any)
})
