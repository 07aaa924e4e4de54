import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse.ts'
import { readSpecification } from './specification.ts'

const PAGE = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

describe('the page about what a record becomes, and what comes of changes and errors', () => {
  it('has a heading for every option', () => {
    const { properties } = readSpecification().connectionSpecification as {
      properties: Record<string, { group: string }>
    }
    const options = Object.keys(properties).filter((name) => properties[name]!.group === 'records')
    const headings = [...PAGE.matchAll(/^### (.*)$/gm)].flatMap(([, heading]) => heading!.split(', '))
    const onChanges = ['delete_mode', 'delete_ttl_seconds', 'tombstone_seconds', 'track_keys']
    const onErrors = ['on_record_error', 'dead_letter_max_length']
    const expected = [...options, ...onChanges, ...onErrors]
    expect(headings.toSorted()).toEqual(expected.map((name) => `\`${name}\``).toSorted())
  })

  it('has examples that are accepted as they stand, without a warning', () => {
    const examples = [...PAGE.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text!)
    expect(examples.length).toBeGreaterThan(15)
    for (const text of examples) {
      const { warnings } = parseConfig(JSON.stringify({ host: 'h', ...(JSON.parse(text) as object) }), {})
      expect(warnings, text).toEqual([])
    }
  })
})
