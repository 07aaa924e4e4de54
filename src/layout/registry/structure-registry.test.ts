import { describe, expect, it } from 'vitest'
import { readSpecification } from '../../config/schema/specification.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { settingsWith } from './encode-records.support.ts'
import { isCollection, STRUCTURES, structureOf } from './structure-registry.ts'
import { locationForm } from './row-locator.ts'

describe('the registry', () => {
  it('has the cache types of the specification, and no others', () => {
    const { properties } = readSpecification().connectionSpecification as {
      properties: { cache_type: { enum: string[] }; data_format: { enum: string[] } }
    }
    expect([...new Set(STRUCTURES.map(({ cacheType }) => cacheType))]).toEqual(properties.cache_type.enum)
    const formats = new Set(STRUCTURES.flatMap((structure) => structure.formats))
    expect([...formats].toSorted()).toEqual(properties.data_format.enum.toSorted())
  })

  it('has one structure for each cache type, and one for each option that selects another', () => {
    const names = STRUCTURES.map(({ cacheType, selectedBy = '' }) => `${cacheType} ${selectedBy}`)
    expect(new Set(names).size).toBe(STRUCTURES.length)
    expect(structureOf(settingsWith({ hash_field: '${id}' })).selectedBy).toBe('hash_field')
    expect(structureOf(settingsWith({})).selectedBy).toBeUndefined()
  })

  it.each(['tree', 'Hash', ''])('refuses a cache type that does not exist: %j', (cacheType) => {
    expect(() => structureOf({ cacheType, hashField: undefined })).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: 'cache-type-unknown' })] }),
    )
  })

  it.each(['member of list', 'member of string', 'tree'])(
    'refuses a form of locations that does not exist: %s',
    (name) => {
      expect(() => locationForm(name)).toThrow(
        expect.objectContaining({ problems: [expect.objectContaining({ code: 'location-form-unknown' })] }),
      )
    },
  )
})

describe.each(STRUCTURES)('the descriptor of $cacheType $selectedBy', (structure) => {
  const settings = settingsWith({
    cache_type: structure.cacheType,
    ...(structure.selectedBy === undefined ? {} : { hash_field: '${id}' }),
  })

  it('is found by its settings', () => {
    expect(structureOf(settings)).toBe(structure)
    expect(isCollection(settings)).toBe(structure.collection !== undefined)
  })

  it('fits itself: only rows that are keys have no collection, and merging is possible in its formats only', () => {
    if (structure.rows.kind === 'key') expect(structure.collection).toBeUndefined()
    if (structure.rows.kind === 'member') {
      expect(structure.collection).toBeDefined()
      expect(structure.options).toContain(structure.rows.option)
    }
    expect(structure.formats).toEqual(expect.arrayContaining([...structure.mergeFormats]))
  })

  it('has probes that leave no key behind, and names none twice', () => {
    const requirements = structure.requirements({ ...settings, writeCondition: 'if_exists' })
    for (const { neededFor, probes } of requirements) {
      expect(neededFor).toMatch(/^\S.*[^.]$/)
      const names = probes({ key: 'k', other: 'l' }, ALL_CAPABILITIES).map(({ name }) => name)
      expect(names.length).toBeGreaterThan(0)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('writes one record as its delivery mode says', () => {
    const { deliveryMode } = structure.createLayout({
      settings,
      key: {
        usesIds: false,
        usesColumns: false,
        isConstant: true,
        size: 1,
        render: () => undefined,
        argument: undefined,
      },
      stream: { name: 's', namespace: 'n', primaryKey: [] },
    })
    expect(deliveryMode).toBe(structure.isRepeatable ? 'pipeline' : 'exactly_once')
  })
})
