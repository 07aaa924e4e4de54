import { describe, expect, it } from 'vitest'
import { emitted, nested, properties } from './spec.support.ts'

describe('the specification', () => {
  it('gives every property a place of its own, in a group that there is', async () => {
    const { groups } = (await emitted()).spec.connectionSpecification
    const all = await properties()
    const orders = all.map(([, { order }]) => order)
    expect(new Set(orders).size).toBe(all.length)
    expect(orders.every(Number.isInteger)).toBe(true)
    for (const [name, { group }] of all)
      expect(
        groups.map(({ id }) => id),
        name,
      ).toContain(group)
  })

  it('has a form with several lines for every PEM text', async () => {
    const all = (await properties()).flatMap(([name, value]) => nested(name, value))
    const lines = all.filter(([, { multiline }]) => multiline === true)
    const names = new Set(lines.map(([name]) => name.replace(/.*\./, '')))
    expect(names).toEqual(new Set(['ca_certificate', 'client_certificate', 'client_key', 'ssh_key']))
  })

  it('has options of several forms that the platform can tell apart', async () => {
    const choices = (await properties()).filter(([, { oneOf }]) => oneOf !== undefined)
    expect(choices.map(([name]) => name)).toEqual(['deployment', 'ssl_mode', 'tunnel_method', 'durability'])
    for (const [name, { type, oneOf = [], ...rest }] of choices) {
      expect(type, name).toBe('object')
      expect(rest, name).not.toHaveProperty('properties')
      const discriminators = oneOf.map(
        ({ type: form, title, description, required, properties: own = {} }) => {
          expect([form, title, description], name).toEqual(['object', expect.any(String), expect.any(String)])
          const fixed = Object.entries(own).filter(([, property]) => 'const' in property)
          expect(fixed, name).toHaveLength(1)
          const [discriminator, property] = fixed[0]!
          expect(required, name).toContain(discriminator)
          expect(property, name).toMatchObject({ type: 'string', order: 0 })
          for (const keyword of ['enum', 'default']) expect(property, name).not.toHaveProperty(keyword)
          for (const [field, { title: head, description: text }] of Object.entries(own)) {
            expect(head, `${name}.${field}`).toMatch(/^\S.*[^.]$/)
            expect(text, `${name}.${field}`).toMatch(/^[A-Z].*\.$/s)
          }
          expect(
            Object.values(own).map(({ order }) => order),
            name,
          ).toEqual(Object.keys(own).map((_, index) => index))
          for (const keyword of ['group', 'groups']) expect(JSON.stringify(own)).not.toContain(`"${keyword}"`)
          return [discriminator, property.const]
        },
      )
      expect(new Set(discriminators.map(([discriminator]) => discriminator)).size, name).toBe(1)
      expect(new Set(discriminators.map(([, value]) => value)).size, name).toBe(oneOf.length)
    }
  })
})
