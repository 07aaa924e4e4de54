import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { parseConfig } from './config/parsing/parse-config.ts'
import { REDIS_PORT } from './config/redis-options/redis-url.ts'
import { KEY } from './config/parsing/parsed.support.ts'
import { Output } from './protocol/airbyte/output.ts'
import { spec } from './spec.ts'

interface Property {
  type?: string | string[]
  title?: string
  description?: string
  default?: unknown
  const?: unknown
  order?: number
  group?: string
  airbyte_secret?: boolean
  multiline?: boolean
  required?: string[]
  items?: Property
  properties?: Record<string, Property>
  oneOf?: Property[]
}

interface SpecMessage {
  type: string
  spec: {
    connectionSpecification: { groups: { id: string }[]; properties: Record<string, Property> }
  }
}

describe('the specification', () => {
  it('is one SPEC message with the content of spec/spec.json', async () => {
    const text = readFileSync(new URL('../spec/spec.json', import.meta.url), 'utf8')
    expect(await emitted()).toEqual({ type: 'SPEC', spec: JSON.parse(text) as unknown })
  })

  it('uses only keywords whose violation has a code', async () => {
    const all = (await properties()).flatMap(([name, value]) => nested(name, value))
    const keywords = new Set(all.flatMap(([, property]) => Object.keys(property)))
    const annotations = ['title', 'description', 'default', 'examples', 'order', 'group', 'airbyte_secret']
    annotations.push('always_show', 'airbyte_hidden')
    const others = ['multiline', 'pattern_descriptor', 'const', 'oneOf', 'properties', 'items']
    const checked = ['type', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'minItems', 'required']
    expect([...keywords].filter((name) => ![...annotations, ...others, ...checked].includes(name))).toEqual(
      [],
    )
  })

  it('says in words which default an option without a `default` has', async () => {
    const { config } = parseConfig('{"host":"h"}', {}, STRUCTURES)
    const all = new Map(await properties())
    for (const [option, value] of [
      ['data_format', config.records.dataFormat],
      ['list_operation', config.records.listOperation],
      ['stream_trim', config.records.streamTrim],
      ['dead_letter_max_length', config.deadLetterMaxLength],
      ['database', config.connection.database],
    ] as const)
      expect(all.get(option)?.description, option).toMatch(new RegExp(String.raw`\b${value}\b`))
  })

  it('has the ports that are defaults of addresses', async () => {
    const all = new Map(await properties())
    expect(all.get('port')?.default).toBe(REDIS_PORT)
    const nodes = ['h']
    for (const deployment of [
      { mode: 'sentinel', nodes, master_name: 'm' },
      { mode: 'cluster', nodes },
    ]) {
      const parsed = parseConfig(JSON.stringify({ deployment }), {}, STRUCTURES).config.connection.deployment
      const [address] = 'nodes' in parsed ? parsed.nodes : []
      const port = address !== undefined && 'port' in address ? address.port : undefined
      const variant = all
        .get('deployment')
        ?.oneOf?.find(({ properties: own }) => own?.['mode']?.const === deployment.mode)
      expect(variant?.properties?.['nodes']?.description).toContain(`default port is ${port}.`)
    }
  })

  it('is a valid JSON schema, which is not checked again when the connector runs', async () => {
    const { connectionSpecification: schema } = (await emitted()).spec
    const ajv = new Ajv()
    expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true)
    expect(schema).toHaveProperty('$schema', 'http://json-schema.org/draft-07/schema#')
  })

  it('describes every property to the operator: a title, and sentences', async () => {
    for (const [name, { title, description }] of await properties()) {
      expect(title, name).toMatch(/^\S.*[^.]$/)
      expect(description, name).toMatch(/^[A-Z].*\.$/s)
    }
  })

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

  it('has a type for everything, and a secret for everything that must not be seen', async () => {
    const secrets: string[] = []
    const all = (await properties()).flatMap(([name, value]) => nested(name, value))
    for (const [name, property] of all) {
      expect(property.type, name).toBeDefined()
      if (property.airbyte_secret === true) secrets.push(name.replace(/.*\./, ''))
    }
    const pem = ['ca_certificate', 'client_certificate', 'client_key', 'client_key_password']
    const single = [
      'password',
      'url',
      'sentinel_password',
      'ssh_key',
      'ssh_key_passphrase',
      'tunnel_user_password',
    ]
    expect(new Set(secrets)).toEqual(new Set([...pem, ...single]))
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

  it('means what the connector does by the defaults inside of them', async () => {
    for (const [name, { oneOf = [] }] of await properties())
      for (const { properties: own = {} } of oneOf) {
        const texts: Record<string, unknown> = { nodes: ['h'], ssh_key: KEY }
        const needed = Object.entries(own).flatMap(([field, { const: value = texts[field] }]) =>
          value === undefined ? [] : [[field, value]],
        )
        const given = { master_name: 'm', tunnel_host: 'b', tunnel_user: 'u', tunnel_user_password: 'p' }
        const least: Record<string, unknown> = { ...given, ...Object.fromEntries(needed) }
        const defaults = Object.entries(own).flatMap(([field, { default: value }]) =>
          value === undefined ? [] : [[field, value]],
        )
        const place = name === 'deployment' && least['nodes'] !== undefined ? {} : { host: 'h' }
        const parse = (choice: object) =>
          parseConfig(JSON.stringify({ ...place, [name]: choice, ssl: name === 'ssl_mode' }), {}, STRUCTURES)
            .config
        expect(parse({ ...least, ...Object.fromEntries(defaults) }), name).toEqual(parse(least))
      }
  })

  it('lets every option of what a record becomes be set for one stream, by the same rules', async () => {
    const { stream, namespace, ...ofStream } = await streamProperties()
    const ofRecords = (await properties()).filter(([name]) => Object.hasOwn(ofStream, name))
    expect([stream?.order, namespace?.order]).toEqual([0, 1])
    expect(Object.keys(ofStream)).toEqual(ofRecords.map(([name]) => name))
    for (const [name, property] of ofRecords) {
      expect(rulesOf(ofStream[name]!), name).toEqual(rulesOf(property))
      expect(ofStream[name]!.description, name).toBe(property.description)
    }
    const orders = Object.values(ofStream).map(({ order }) => order)
    expect(orders).toEqual(orders.map((_, index) => index + 2))
  })

  it('has no defaults for one stream, as they would count as given', async () => {
    for (const [name, property] of Object.entries(await streamProperties()))
      expect(property, name).not.toHaveProperty('default')
  })

  it('has no defaults where a form that fills them in would make a configuration that is refused', async () => {
    const defaults = (await properties()).flatMap(([name, { default: value }]) =>
      value === undefined ? [] : [[name, value]],
    )
    for (const cacheType of ['hash', 'string', 'list', 'set', 'sorted_set', 'stream']) {
      const form = { ...Object.fromEntries(defaults), fields: [], record_filter: {} }
      const text = JSON.stringify({ ...form, host: 'h', cache_type: cacheType })
      expect(() => parseConfig(text, {}, STRUCTURES), cacheType).not.toThrow()
    }
    const nodes = ['h']
    for (const place of [
      { url: 'rediss://h:6380' },
      { url: 'unix:///h' },
      { deployment: { mode: 'sentinel', nodes, master_name: 'm' } },
      { deployment: { mode: 'cluster', nodes } },
    ]) {
      const text = JSON.stringify({ ...Object.fromEntries(defaults), ...place })
      expect(() => parseConfig(text, {}, STRUCTURES), text).not.toThrow()
    }
    // A form begins with the first variant.
    const first = (await properties()).flatMap(([name, { oneOf }]) =>
      oneOf === undefined ? [] : [[name, constantsOf(oneOf[0]!)]],
    )
    const text = JSON.stringify({ ...Object.fromEntries([...defaults, ...first]), host: 'h' })
    expect(parseConfig(text, {}, STRUCTURES)).toEqual(parseConfig('{"host":"h"}', {}, STRUCTURES))
  })
})

async function properties(): Promise<[string, Property][]> {
  return Object.entries((await emitted()).spec.connectionSpecification.properties)
}

async function streamProperties(): Promise<Record<string, Property>> {
  return (await emitted()).spec.connectionSpecification.properties['streams']!.items!.properties!
}

/** A property, and those within its variants. */
function nested(name: string, property: Property): [string, Property][] {
  const withTimeout = (property.oneOf ?? []).flatMap(({ properties: own = {} }) => Object.entries(own))
  return [
    [name, property],
    ...withTimeout.map(([field, value]): [string, Property] => [`${name}.${field}`, value]),
  ]
}

function constantsOf({ properties: own = {} }: Property): object {
  return Object.fromEntries(
    Object.entries(own).flatMap(([field, { const: value }]) => (value === undefined ? [] : [[field, value]])),
  )
}

/** A property without what is for people, and for forms. */
function rulesOf(property: Property): unknown {
  const forPeople = ['description', 'examples', 'default', 'order', 'group', 'always_show']
  return JSON.parse(
    JSON.stringify(property, (name, value: unknown) => (forPeople.includes(name) ? undefined : value)),
  )
}

async function emitted(): Promise<SpecMessage> {
  const stream = new PassThrough()
  const output = new Output(stream)
  spec(output)
  await output.drained()
  const text = (stream.read() as Buffer).toString()
  expect(text).toMatch(/^[^\n]*\n$/)
  return JSON.parse(text) as SpecMessage
}
