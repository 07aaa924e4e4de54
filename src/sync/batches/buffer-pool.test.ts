import { describe, expect, it } from 'vitest'
import { Slabs } from './buffer-pool.ts'

const KIB = 1024

describe('slabs', () => {
  it.each([1, 65_535, 65_536, 65_537, 1_000_000])('of %i bytes or more are given out', (size) => {
    expect(new Slabs(0).take(size).length).toBeGreaterThanOrEqual(size)
  })

  it('are not given out twice before they are given back', () => {
    const slabs = new Slabs(1000 * KIB)
    const taken = [slabs.take(10), slabs.take(10), slabs.take(10)]
    expect(new Set(taken).size).toBe(3)
    for (const slab of taken) slabs.give(slab)
    const again = [slabs.take(10), slabs.take(10), slabs.take(10)]
    expect(new Set([...taken, ...again]).size).toBe(3)
  })

  it('that were given back serve those who need a little more or less', () => {
    const slabs = new Slabs(1000 * KIB)
    const slab = slabs.take(100 * KIB)
    for (const size of [90 * KIB, 110 * KIB, 1]) {
      slabs.give(slab)
      expect(slabs.take(size)).toBe(slab)
    }
  })

  it('that are too small make room for a larger one, where there would be too many', () => {
    const slabs = new Slabs(500 * KIB)
    const small = [slabs.take(10 * KIB), slabs.take(10 * KIB)]
    for (const slab of small) slabs.give(slab)
    const large = slabs.take(450 * KIB)
    expect(small).not.toContain(large)
    expect(small).not.toContain(slabs.take(1))
  })

  it('have a least size, so that those of small batches serve large ones', () => {
    const slabs = new Slabs(1000 * KIB, 300 * KIB)
    const slab = slabs.take(1)
    slabs.give(slab)
    expect(slabs.take(300 * KIB)).toBe(slab)
  })

  it('are kept up to the most there may be, those in use included', () => {
    const slabs = new Slabs(128 * KIB)
    const three = [1, 2, 3].map(() => slabs.take(64 * KIB))
    for (const slab of three) slabs.give(slab)
    const again = three.map(() => slabs.take(64 * KIB))
    expect(again.filter((slab) => three.includes(slab))).toHaveLength(2)
  })

  it('are not kept after a huge one that is still in use', () => {
    const slabs = new Slabs(128 * KIB)
    const huge = slabs.take(1000 * KIB)
    const slab = slabs.take(64 * KIB)
    slabs.give(slab)
    expect(slabs.take(64 * KIB)).not.toBe(slab)
    slabs.give(huge)
    expect(slabs.take(1000 * KIB)).not.toBe(huge)
  })
})
