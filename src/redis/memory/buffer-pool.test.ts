import { describe, expect, it } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

const KIB = 1024

describe('buffers', () => {
  it.each([1, 65_535, 65_536, 65_537, 1_000_000])('of %i bytes or more are given out', (size) => {
    expect(new BufferPool(0).take(size).length).toBeGreaterThanOrEqual(size)
  })

  it('are not given out twice before they are given back', () => {
    const buffers = new BufferPool(1000 * KIB)
    const taken = [buffers.take(10), buffers.take(10), buffers.take(10)]
    expect(new Set(taken).size).toBe(3)
    for (const buffer of taken) buffers.give(buffer)
    const again = [buffers.take(10), buffers.take(10), buffers.take(10)]
    expect(new Set([...taken, ...again]).size).toBe(3)
  })

  it('that were given back serve those who need a little more or less', () => {
    const buffers = new BufferPool(1000 * KIB)
    const buffer = buffers.take(100 * KIB)
    for (const size of [90 * KIB, 110 * KIB, 1]) {
      buffers.give(buffer)
      expect(buffers.take(size)).toBe(buffer)
    }
  })

  it('that are too small make room for a larger one, where there would be too many', () => {
    const buffers = new BufferPool(500 * KIB)
    const small = [buffers.take(10 * KIB), buffers.take(10 * KIB)]
    for (const buffer of small) buffers.give(buffer)
    const large = buffers.take(450 * KIB)
    expect(small).not.toContain(large)
    expect(small).not.toContain(buffers.take(1))
  })

  it('have a least size, so that those of small batches serve large ones', () => {
    const buffers = new BufferPool(1000 * KIB, 300 * KIB)
    const buffer = buffers.take(1)
    buffers.give(buffer)
    expect(buffers.take(300 * KIB)).toBe(buffer)
  })

  it('are kept up to the most there may be, those in use included', () => {
    const buffers = new BufferPool(128 * KIB)
    const three = [1, 2, 3].map(() => buffers.take(64 * KIB))
    for (const buffer of three) buffers.give(buffer)
    const again = three.map(() => buffers.take(64 * KIB))
    expect(again.filter((buffer) => three.includes(buffer))).toHaveLength(2)
  })

  it('are not kept after a huge one that is still in use', () => {
    const buffers = new BufferPool(128 * KIB)
    const huge = buffers.take(1000 * KIB)
    const buffer = buffers.take(64 * KIB)
    buffers.give(buffer)
    expect(buffers.take(64 * KIB)).not.toBe(buffer)
    buffers.give(huge)
    expect(buffers.take(1000 * KIB)).not.toBe(huge)
  })
})
