import { describe, expect, it } from 'vitest'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { parseConfig } from './config/parsing/parse-config.ts'
import { KEY } from './config/parsing/parsed.support.ts'
import { REDIS_PORT } from './config/redis-options/redis-url.ts'
import { properties, streamProperties, type Property } from './spec.support.ts'

describe('the specification', () => {
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

function constantsOf({ properties: own = {} }: Property): object {
  return Object.fromEntries(
    Object.entries(own).flatMap(([field, { const: value }]) => (value === undefined ? [] : [[field, value]])),
  )
}
