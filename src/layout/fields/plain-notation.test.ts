import { describe, expect, it } from 'vitest'
import { isPlain, plainNotation } from './plain-notation.ts'

describe('the plain notation of a number', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['0e9', '0'],
    ['7000', '7000'],
    ['7E+3', '7000'],
    ['7000.0', '7000'],
    ['-7.0e3', '-7000'],
    ['0007', '7'],
    ['1.50', '1.5'],
    ['15e-1', '1.5'],
    ['0.00150', '0.0015'],
    ['-1.5e-3', '-0.0015'],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740993.0', '9007199254740993'],
    ['12345678901234567890.0123456789', '12345678901234567890.0123456789'],
    ['1e39', `1${'0'.repeat(39)}`],
    [`${'9'.repeat(40)}.5`, `${'9'.repeat(40)}.5`],
    ['1e40', '1e+40'],
    [`1${'0'.repeat(40)}`, '1e+40'],
    [`15${'0'.repeat(39)}`, '1.5e+40'],
    ['-12.5E399', '-1.25e+400'],
    ['1e-40', `0.${'0'.repeat(39)}1`],
    ['9.9e-41', '9.9e-41'],
    ['0.5e-400', '5e-401'],
    ['1e99999999999999999999', '1e+99999999999999999999'],
  ])('%s is %s', (text, plain) => {
    expect(plainNotation(text)).toBe(plain)
    expect(isPlain(Buffer.from(text), 0, text.length)).toBe(text === plain && !/[.e]/.test(text))
    expect(plainNotation(plain)).toBe(plain)
  })

  it('takes no longer for a number with many zeros', () => {
    const digits = '10'.repeat(200_000)
    const startedAt = performance.now()
    expect(plainNotation(`${digits}.0`)).toHaveLength('1.e+399999'.length + digits.length - 2)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
