import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import { parseConfig } from './parse-config.ts'
import { readSpecification } from '../schema/specification.ts'

const PAGE = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')

/** Stands in for what an example leaves out of a key or certificate. */
const PEM_BODY = 'MIIB'

describe('the page about options', () => {
  it('has a heading for every option', () => {
    const { properties } = readSpecification().connectionSpecification
    const headings = [...PAGE.matchAll(/^### (.*)$/gm)].flatMap(([, heading]) => heading!.split(', '))
    const expected = Object.keys(properties).map((name) => `\`${name}\``)
    expect(headings.toSorted()).toEqual(expected.toSorted())
  })

  it('names everything that an option of several forms may hold', () => {
    const { properties } = readSpecification().connectionSpecification
    for (const [option, { oneOf = [] }] of Object.entries(properties))
      for (const [name, property] of oneOf.flatMap((variant) => Object.entries(variant.properties ?? {}))) {
        expect(PAGE, option).toContain(`\`${name}\``)
        if (typeof property.const === 'string') expect(PAGE, option).toContain(`\`${property.const}\``)
      }
  })

  it('has examples that are accepted as they stand, without a warning', () => {
    const examples = [...PAGE.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text!)
    expect(examples.length).toBeGreaterThan(15)
    for (const text of examples) {
      const example = JSON.parse(text.replaceAll('…', PEM_BODY)) as object
      const place = ['url', 'deployment'].some((name) => name in example) ? {} : { host: 'h' }
      const { warnings } = parseConfig(
        JSON.stringify({ ...place, ...example }),
        { REDIS_PASSWORD: 'pw' },
        STRUCTURES,
      )
      expect(warnings, text).toEqual([])
    }
  })
})
