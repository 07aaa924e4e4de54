import { describe, expect, it } from 'vitest'
import {
  firstKept,
  readGenerations,
  withGeneration,
  writeGenerations,
  type Generation,
} from './generations.ts'

const known: Generation[] = [
  { generation: 3, first: 11 },
  { generation: 4, first: 21 },
]

describe('the generations of a stream', () => {
  it('are noted as text, and read again', () => {
    expect(writeGenerations(known)).toBe('3@11 4@21')
    expect(readGenerations('3@11 4@21')).toEqual(known)
    expect(readGenerations(undefined)).toEqual([])
    expect(readGenerations(writeGenerations([]))).toEqual([])
  })

  it('go on where an attempt is made again', () => {
    expect(withGeneration(known, 4, 30)).toEqual(known)
  })

  it('grow by one that is new, and forget those that have no ids', () => {
    expect(withGeneration([], 0, 1)).toEqual([{ generation: 0, first: 1 }])
    expect(withGeneration(known, 5, 30)).toEqual([...known, { generation: 5, first: 30 }])
    expect(withGeneration(known, 5, 21)).toEqual([known[0], { generation: 5, first: 21 }])
  })

  it.each([
    [0, 11],
    [3, 11],
    [4, 21],
    [5, undefined],
  ])('below %i are not kept: the first id that is', (minimum, first) => {
    expect(firstKept(known, minimum)).toBe(first)
  })
})
