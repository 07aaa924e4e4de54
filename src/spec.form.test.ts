// What Airbyte's form sends, by the rules of docs/decisions/0012-what-the-form-sends.md.
import { describe, expect, it } from 'vitest'
import { parseConfig } from './config/parsing/parse-config.ts'
import { readSpecification, type Schema } from './config/schema/specification.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { CERTIFICATE, KEY } from './config/parsing/parsed.support.ts'

interface FormSchema extends Schema {
  properties: Record<
    string,
    Schema & { always_show?: boolean; airbyte_hidden?: boolean; title: string; group: string }
  >
  groups: { id: string; title: string }[]
}

const SCHEMA = readSpecification().connectionSpecification as FormSchema
const SSH = { tunnel_host: 'b', tunnel_port: 22, tunnel_user: 'u' }
const PEM = { ca_certificate: CERTIFICATE, client_certificate: CERTIFICATE, client_key: KEY }

/** Configurations that the classic connector's form has stored. */
const CLASSIC: object[] = [
  { host: 'h', port: 6379, username: 'u', password: 'p', cache_type: 'hash' },
  { host: 'h', port: 6380, username: 'u', password: '', cache_type: 'hash', ssl: false },
  { host: 'h', port: 6380, cache_type: 'hash', ssl: false, ssl_mode: { mode: 'disable' } },
  { host: 'h', port: 6380, cache_type: 'hash', ssl: true, ssl_mode: { mode: 'verify-full', ...PEM } },
  { host: 'h', port: 6380, cache_type: 'hash', tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
  { host: 'h', cache_type: 'hash', tunnel_method: { tunnel_method: 'SSH_KEY_AUTH', ...SSH, ssh_key: KEY } },
]

describe('the form of a new destination', () => {
  it('sends what means the same as the host alone', () => {
    expect(meaningOf({ ...initialValue(SCHEMA), host: 'h' })).toEqual(meaningOf({ host: 'h' }))
  })

  it.each(Object.keys(SCHEMA.properties))(
    'sends what means the same where %s was touched and emptied',
    (option) => {
      const { type, default: value, oneOf } = SCHEMA.properties[option]!
      if (option === 'host' || type === 'boolean' || type === 'integer') return
      const emptied =
        oneOf !== undefined
          ? [initialValue(oneOf[0]!), {}]
          : type === 'array'
            ? [[]]
            : type === 'object'
              ? [{}]
              : ['']
      for (const empty of [...emptied, null, value].filter((one) => one !== undefined))
        expect(
          meaningOf({ ...initialValue(SCHEMA), host: 'h', [option]: empty }),
          JSON.stringify(empty),
        ).toEqual(meaningOf({ host: 'h' }))
    },
  )

  it('sends what means the same for an entry of streams that was added and not filled in', () => {
    const stream = { ...initialValue(SCHEMA.properties['streams']!.items!), stream: 'a' }
    const texts = Object.entries(SCHEMA.properties['streams']!.items!.properties ?? {})
      .filter(([name, { type }]) => type === 'string' && !['stream', 'namespace'].includes(name))
      .map(([name]) => [name, ''])
    const expected = meaningOf({ host: 'h', streams: [{ stream: 'a' }] })
    expect(meaningOf({ host: 'h', streams: [stream] })).toEqual(expected)
    expect(meaningOf({ host: 'h', streams: [{ ...stream, ...Object.fromEntries(texts) }] })).toEqual(expected)
  })
})

describe('the form of a stored configuration', () => {
  it.each(CLASSIC)('sends what means the same: %j', (stored) => {
    const { config, warnings } = meaningOf({ ...initialValue(SCHEMA), ...stored })
    expect(config).toEqual(meaningOf(stored).config)
    expect(warnings).toEqual([])
  })
})

describe('the form', () => {
  it('shows what most people need, and hides what nobody should', () => {
    const shown = namesWith(({ always_show: isShown }) => isShown === true)
    const common = ['host', 'port', 'deployment', 'username', 'password', 'ssl']
    expect(shown).toEqual([...common, 'cache_type', 'data_format', 'key_template', 'ttl_seconds', 'streams'])
    const hidden = namesWith(({ airbyte_hidden: isHidden }) => isHidden === true)
    expect(hidden).toEqual(['batch_records', 'batch_bytes', 'max_in_flight_bytes', 'max_line_bytes'])
  })

  it('has six cards, whose options follow each other', () => {
    expect(SCHEMA.groups.map(({ title }) => title)).toEqual([
      'Where is Redis',
      'Log in and encrypt',
      'What a record becomes',
      'Lists, sets and streams',
      'Updates and deletes',
      'Delivery (advanced)',
    ])
    const groups = Object.values(SCHEMA.properties).map(({ group }) => group)
    expect(groups.filter((group, index) => group !== groups[index - 1])).toEqual(
      SCHEMA.groups.map(({ id }) => id),
    )
  })

  it('names the unit in the title, and the structure that an option is for', () => {
    for (const [name, { title }] of Object.entries(SCHEMA.properties)) {
      if (/seconds|_percent|_bytes/.test(name)) expect(title, name).toMatch(/\((seconds|%|bytes)\)$/)
      if (SCHEMA.properties[name]!.group === 'collections')
        expect(title, name).toMatch(/^(Hash|List|Sorted set|Stream).*: /)
    }
  })
})

/** What a form sends that nobody has touched: defaults, and the first branch of every choice. */
function initialValue({ properties = {} }: Schema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, { default: value, const: fixed, type, oneOf }]) => {
      if (fixed !== undefined || value !== undefined) return [[name, fixed ?? value]]
      if (oneOf !== undefined) return [[name, initialValue(oneOf[0]!)]]
      if (type === 'object') return [[name, {}]]
      return type === 'array' ? [[name, []]] : []
    }),
  )
}

function meaningOf(raw: object) {
  return parseConfig(JSON.stringify(raw), {}, STRUCTURES)
}

function namesWith(isChosen: (property: FormSchema['properties'][string]) => boolean): string[] {
  return Object.entries(SCHEMA.properties).flatMap(([name, property]) => (isChosen(property) ? [name] : []))
}
