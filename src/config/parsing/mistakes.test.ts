import { describe, expect, it } from 'vitest'
import { CERTIFICATE, FINGERPRINT, KEY, problemsOf, warningsOf } from './parsed.support.ts'
import { errorWith } from '../../errors.support.ts'
import { readConfigText } from './config-text.ts'
import { readSpecification, type Schema } from '../schema/specification.ts'

const PLAIN = { host: 'h', port: 7, username: 'u', password: 'p', database: 1, ssl: false }
const SSH = {
  tunnel_host: 'b',
  tunnel_port: 22,
  tunnel_user: 'u',
  tunnel_host_key: FINGERPRINT,
  allow_sha1: true,
}
const PEM = { ca_certificate: CERTIFICATE, client_certificate: CERTIFICATE, client_key: KEY }

/** Configurations that are good, with every option of the connection in one of them or another. */
const GOOD: Record<string, Record<string, unknown>> = {
  plain: { ...PLAIN, ssl_mode: { mode: 'disable' }, deployment: { mode: 'standalone' } },
  url: { url: 'rediss://u:p@h:7/1', ssl: false, tunnel_method: { tunnel_method: 'NO_TUNNEL' } },
  standard: { ...PLAIN, ssl: true, ssl_mode: { mode: 'standard' } },
  socket: { url: 'unix:///s?db=1', database: 2, durability: { mode: 'none' } },
  ...Object.fromEntries(
    ['disable', 'no-verify', 'verify-ca', 'verify-full'].map((mode) => [
      mode,
      { ...PLAIN, ssl: true, ssl_mode: { mode, ...PEM, client_key_password: 'p', server_name: 'n' } },
    ]),
  ),
  sentinel: {
    deployment: {
      mode: 'sentinel',
      nodes: ['a:1', '[::1]'],
      master_name: 'm',
      sentinel_username: 'u',
      sentinel_password: 'p',
    },
    durability: { mode: 'replicas', count: 1, timeout_ms: 1 },
  },
  cluster: {
    deployment: { mode: 'cluster', nodes: ['rediss://a:1', 'rediss://b'] },
    redirect_hosts: ['*.internal', '10.0.0.0/8'],
    durability: { mode: 'fsync', replicas: 1, timeout_ms: 1 },
  },
  key: {
    ...PLAIN,
    tunnel_method: { tunnel_method: 'SSH_KEY_AUTH', ...SSH, ssh_key: KEY, ssh_key_passphrase: 'p' },
  },
  phrase: {
    ...PLAIN,
    tunnel_method: { tunnel_method: 'SSH_PASSWORD_AUTH', ...SSH, tunnel_user_password: 'p' },
  },
}

/** A field, by the names and indices that lead to it. */
type Path = readonly (string | number)[]

const FIELDS: [string, string, Path][] = Object.entries(GOOD).flatMap(([name, config]) =>
  pathsIn(config).map((path): [string, string, Path] => [name, fieldAt(path), path]),
)

describe('a mistake in the connection', () => {
  it.each(Object.keys(GOOD))('is not found where there is none: %s', (name) => {
    const expected = name === 'no-verify' ? ['tls-not-verified: ssl_mode'] : []
    expect(warningsOf(GOOD[name]!)).toEqual(expected)
  })

  it('is tried in every option that there is, of every variant', () => {
    const tried = new Set(FIELDS.map(([, field]) => field.replace(/\[\d+\]$/, '')))
    expect(optionsOf(readSpecification().connectionSpecification)).toEqual([...tried].toSorted())
  })

  it.each(FIELDS)(
    'is one problem that names the field, where the type is wrong: %s, %s',
    (name, field, path) => {
      for (const wrong of [['hunter2'], { hunter2: 'hunter2' }, true, 'hunter2', 1.5]) {
        const config = withValue(GOOD[name]!, path, wrong)
        if (isFree(valueAt(GOOD[name]!, path), wrong)) continue
        const problems = problemsOf(config)
        expect(problems, JSON.stringify(wrong)).toHaveLength(1)
        expect(problems[0]?.options).toEqual([field])
        expect(JSON.stringify(problems)).not.toContain('hunter2')
      }
    },
  )

  it.each(FIELDS)('is a warning that names it, where its name is not known: %s, %s', (name, field, path) => {
    if (typeof path.at(-1) === 'number') return
    const config = withValue(GOOD[name]!, [...path.slice(0, -1), 'unheard_of'], 'hunter2')
    const unknown = field.replace(/\w+$/, 'unheard_of')
    expect(warningsOf(config)[0]).toBe(`option-unknown: ${unknown}`)
  })
})

function pathsIn(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const step = Array.isArray(value) ? Number(name) : name
    return [[step], ...pathsIn(member).map((path) => [step, ...path])]
  })
}

/** As problems name it. */
function fieldAt(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1)
}

function valueAt(config: object, path: Path): unknown {
  return path.reduce<unknown>((value, step) => Object(value)[step] as unknown, config)
}

function withValue(config: object, path: Path, value: unknown): object {
  const copy = structuredClone(config)
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>
  parent[path.at(-1)!] = value
  return copy
}

/** Whether the other value may well be right: a text for a text, or what stands for nothing at all. */
function isFree(right: unknown, wrong: unknown): boolean {
  return (
    typeof right === typeof wrong &&
    (typeof right !== 'object' || Array.isArray(right) === Array.isArray(wrong))
  )
}

function optionsOf({
  properties = {},
}: {
  properties?: Record<string, Schema & { group?: string }>
}): string[] {
  const names = Object.entries(properties)
    .filter(([name, { group = '' }]) => ['server', 'login'].includes(group) || name === 'durability')
    .flatMap(([name, { oneOf = [] }]) => [
      name,
      ...oneOf.flatMap((variant) => Object.keys(variant.properties ?? {}).map((field) => `${name}.${field}`)),
    ])
  return [...new Set(names)].toSorted()
}

it('objects and lists within one another are refused before they are walked through', () => {
  const deep = '['.repeat(60_000) + ']'.repeat(60_000)
  expect(() => readConfigText(`{"host":"h","deployment":{"mode":${deep}}}`)).toThrow(
    errorWith('config-too-deep'),
  )
})
