import { describe, expect, it } from 'vitest'
import { parse, problemsOf, recordOptionNames, refusalsOf, warningsOf } from './parsed.support.ts'
import { STRUCTURES } from '../../layout/registry/structure-registry.ts'
import { parseConfig } from './parse-config.ts'
import { readSpecification } from '../schema/specification.ts'

const DEFAULTS = {
  connection: {
    deployment: { kind: 'standalone', address: { host: 'h', port: 6379 } },
    username: undefined,
    password: undefined,
    database: 0,
    tls: undefined,
    tunnel: undefined,
    redirectHosts: undefined,
  },
  durability: { mode: 'none' },
  keyPrefix: '',
  records: {
    cacheType: 'hash',
    dataFormat: 'airbyte',
    keyPrefix: '',
    keyTemplate: undefined,
    hashField: undefined,
    member: undefined,
    scoreField: '_airbyte_emitted_at',
    valueField: undefined,
    listOperation: 'append',
    maxLength: undefined,
    streamTrim: 'approximate',
    ttlSeconds: 0,
    ttlJitterPercent: 0,
    expireAtField: undefined,
    expireAtUnit: undefined,
    ttlField: undefined,
    filteredRows: 'remove',
    nullKeys: 'error',
    onRetry: 'keep',
    keepMeta: false,
    nullAs: 'absent',
    onUpdate: 'replace',
    writeCondition: 'always',
    rootField: undefined,
    allowEmptyReplace: false,
    fields: undefined,
    recordFilter: undefined,
  },
  streams: [],
  defaultProblems: [],
  deleteMode: 'hard',
  deleteTtlSeconds: undefined,
  tombstoneSeconds: 604_800,
  trackKeys: 'auto',
  completion: 'auto',
  onRecordError: 'fail',
  deadLetterMaxLength: 10_000,
  maxOutageSeconds: 300,
  batchRecords: 20_000,
  batchBytes: 2_097_152,
  maxInFlightBytes: 42_991_616,
  maxLineBytes: 134_217_728,
}

describe('a configuration', () => {
  it('needs a host, and has a default for everything else', () => {
    expect(parse({ host: 'h' })).toEqual({ config: DEFAULTS, warnings: [], hidden: [] })
  })

  it('may hold null for what is not set', () => {
    const { properties } = readSpecification().connectionSpecification
    const nulls = Object.fromEntries(Object.keys(properties).map((field) => [field, null]))
    expect(parse({ ...nulls, unknown: null, host: 'h' })).toEqual({
      config: DEFAULTS,
      warnings: [],
      hidden: [],
    })
  })

  it('means the same with an empty username and password as without', () => {
    expect(parse({ host: 'h', username: '', password: '' }).config).toEqual(DEFAULTS)
  })

  it('is warned about, and works, where it holds an option that is not known', () => {
    const options = { host: 'h', hots: 'x', 'key-prefix': 'y' }
    expect(parse(options).config).toEqual(DEFAULTS)
    expect(warningsOf(options)).toEqual(['option-unknown: hots', 'option-unknown: key-prefix'])
  })

  it('names the option that was meant, in the place where it was written', () => {
    const ssl_mode = { mode: 'verify-full', ca_certifcate: 'x' }
    const raw = {
      host: 'h',
      cach_type: 'list',
      ssl: true,
      ssl_mode,
      streams: [{ stream: 'a', tll_seconds: 1, zz: 1 }],
    }
    const nearest = parse(raw).warnings.map(({ options, params }) => [options[0], params['nearest']])
    expect(nearest).toEqual([
      ['cach_type', 'cache_type'],
      ['ssl_mode.ca_certifcate', 'ca_certificate'],
      ['streams[0].tll_seconds', 'ttl_seconds'],
      ['streams[0].zz', undefined],
    ])
  })

  it('cannot be changed afterwards', () => {
    for (const place of [{ host: 'h' }, { deployment: { mode: 'cluster', nodes: ['h'] } }]) {
      const ssh = {
        tunnel_method: 'SSH_PASSWORD_AUTH',
        tunnel_host: 'b',
        tunnel_user: 'u',
        tunnel_user_password: 'p',
      }
      const { config } = parse({ ...place, ssl: true, tunnel_method: ssh })
      const { connection, durability, records, streams } = config
      const parts = [config, durability, records, streams, connection, ...Object.values(connection)]
      expect(parts.map(Object.isFrozen)).toEqual(parts.map(() => true))
    }
  })
})

describe('every option of the specification', () => {
  /** Those that are made of several values are tried where they are read. */
  const ELSEWHERE = ['url', 'ssl', 'ssl_mode', 'deployment', 'tunnel_method', 'redirect_hosts', 'durability']
  const sample: Record<string, unknown> = {
    host: 'redis.internal',
    port: 6380,
    username: 'app',
    password: 'open sesame',
    database: 7,
    key_prefix: 'crm:',
    delete_mode: 'ttl',
    delete_ttl_seconds: 15,
    tombstone_seconds: 16,
    track_keys: 'never',
    completion: 'status',
    on_record_error: 'dead_letter',
    dead_letter_max_length: 9,
    max_outage_seconds: 11,
    batch_records: 12,
    batch_bytes: 131_313,
    max_in_flight_bytes: 14_141_414,
    max_line_bytes: 15_151_515,
  }

  it('is tried here, or with what a record becomes', () => {
    const all = Object.keys(readSpecification().connectionSpecification.properties)
    const others = all.filter((name) => ![...recordOptionNames(), 'streams'].includes(name))
    expect([...Object.keys(sample), ...ELSEWHERE].toSorted()).toEqual([...others, 'key_prefix'].toSorted())
  })

  it.each(Object.entries(sample))('has its place in what is read: %s', (_, value) => {
    const { config, warnings } = parse(sample)
    const { connection, ...rest } = config
    const { deployment } = connection
    const address = 'address' in deployment ? deployment.address : {}
    expect(Object.values({ ...address, ...connection, ...rest }).filter((found) => found === value)).toEqual([
      value,
    ])
    expect(warnings).toEqual([])
  })
})

describe('a problem', () => {
  it('has its limit, type or choice as a parameter', () => {
    const raw = { host: 'h', port: 0, batch_records: 1e7, database: 'x', cache_type: 'tree' }
    expect(problemsOf(raw)).toMatchObject([
      { options: ['port'], params: { limit: 1 } },
      { options: ['database'], params: { type: 'integer' } },
      { options: ['cache_type'], params: { allowed: 'hash, string, list, set, sorted_set, stream' } },
      { options: ['batch_records'], params: { limit: 1_000_000 } },
    ])
  })

  it('names the variable that is not set', () => {
    expect(problemsOf({ host: '{{ NOBODY }}' })).toMatchObject([{ params: { variable: 'NOBODY' } }])
  })

  it('shows the stream of an entry in its sentence, and not in its path', () => {
    const [problem] = problemsOf({ host: 'h', streams: [{ stream: 'a', ttl_seconds: -1 }] })
    expect(problem).toMatchObject({ options: ['streams[0].ttl_seconds'] })
    expect(problem?.sentence).toMatch(/^streams\[0\] \(a\)\.ttl_seconds: /)
  })
})

describe('a configuration is refused', () => {
  it.each([
    ['{"host":', 'file-not-json'],
    ['', 'file-empty'],
    ['null', 'config-not-object'],
    ['[]', 'config-not-object'],
    ['"host"', 'config-not-object'],
    ['{"streams":[{"name":"a","json_schema":{}}]}', 'config-is-catalog'],
    ['{"streams":[{"stream":{"name":"a"},"sync_mode":"incremental"}]}', 'config-is-catalog'],
    ['{"type":"CATALOG","catalog":{"streams":[]}}', 'config-is-catalog'],
  ])('as a whole where it is %j', (text, code) => {
    expect(() => parseConfig(text, {}, STRUCTURES)).toThrow(
      expect.objectContaining({ failureType: 'config_error', problem: expect.objectContaining({ code }) }),
    )
  })

  it.each([
    [{}, 'host-missing: host'],
    [{ host: '' }, 'host-missing: host'],
    [{ host: 'h', port: 0 }, 'option-too-small: port'],
    [{ host: 'h', port: 65_536 }, 'option-too-large: port'],
    [{ host: 'h', port: '6379' }, 'option-wrong-type: port'],
    [{ host: 'h', port: 6379.5 }, 'option-wrong-type: port'],
    [{ host: 'h', database: -1 }, 'option-too-small: database'],
    [{ host: 'h', username: 7 }, 'option-wrong-type: username'],
    [{ host: 'h', on_record_error: 'skip' }, 'option-not-allowed: on_record_error'],
    [{ host: 'h', key_prefix: ['a'] }, 'option-wrong-type: key_prefix'],
    [{ host: 'h', max_outage_seconds: -1 }, 'option-too-small: max_outage_seconds'],
    [{ host: 'h', batch_records: 0 }, 'option-too-small: batch_records'],
    [{ host: 'h', batch_bytes: 1023 }, 'option-too-small: batch_bytes'],
    [{ host: 'h', max_in_flight_bytes: 1 }, 'option-too-small: max_in_flight_bytes'],
  ])('by field: %j', (raw, problem) => {
    expect(refusalsOf(raw)).toEqual([problem])
  })

  it('with every problem at once', () => {
    const raw = {
      port: 0,
      username: '{{ NOBODY }}',
      database: 'first',
      cache_type: 'tree',
      ssl: 'on',
      durability: { mode: 'wait' },
      tunnel_method: { tunnel_method: 'SSH_KEY_AUTH', tunnel_host: 'b' },
      batch_records: 0,
    }
    expect(refusalsOf(raw).toSorted()).toEqual([
      'environment-variable-unset: username',
      'host-missing: host',
      'option-missing: tunnel_method.ssh_key',
      'option-missing: tunnel_method.tunnel_user',
      'option-not-allowed: cache_type',
      'option-not-allowed: durability.mode',
      'option-too-small: batch_records',
      'option-too-small: port',
      'option-wrong-type: database',
      'option-wrong-type: ssl',
    ])
  })
})
