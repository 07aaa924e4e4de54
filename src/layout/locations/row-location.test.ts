import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { commandsIn, eachRead, settingsWith, summaryOf } from '../registry/encode-records.support.ts'
import { CommandGroups } from '../encoding/command-groups.ts'
import { unlinkAll, type LocationForm } from './row-location.ts'
import { keyTemplateOf } from '../registry/default-key-template.ts'
import { locationForm, rowLocator } from '../registry/row-locator.ts'

const STREAM = { name: 's', namespace: 'n', primaryKey: [['id']] }

describe('the location of a row that has a key of its own', () => {
  it.each([
    [{ data_format: 'flat' }, '{"id":7}', 'n:s:7'],
    [{ cache_type: 'string', key_template: '€:${a.b}', key_prefix: 'p:' }, '{"a":{"b":"ü"}}', 'p:€:ü'],
    [{ cache_type: 'hash', hash_field: '${id}', data_format: 'json' }, '{"id":7}', 'n:s'],
    [{ cache_type: 'set', member: '${id}', key_template: 'k:${a}' }, '{"id":7,"a":1.0}', 'k:1.0'],
  ] as [RecordOptions, string, string][])('is its key: %j', (options, record, name) => {
    expect(locationOf(options, record, false)).toBe(name)
  })

  it('is none where the key is none', () => {
    expect(locationOf({ key_template: '${id}' }, '{}', false)).toBe('template-column-missing key_template id')
  })

  it.each([
    [{ cache_type: 'list', key_prefix: 'p:' }, 'p:n:s'],
    [{ cache_type: 'list', key_template: 'k:${id}' }, undefined],
    [{ cache_type: 'list', key_template: '${_airbyte_ab_id}' }, undefined],
  ] as [RecordOptions, string | undefined][])(
    'is the only one where nothing differs: %j',
    (options, only) => {
      expect(locatorWith(options, false).only).toBe(only)
    },
  )
})

describe('the location of a row that shares its key', () => {
  const hash = { cache_type: 'hash', data_format: 'json', hash_field: '${id}' } as const
  const set = { cache_type: 'set', member: '${id}' } as const

  it.each([
    [hash, '{"id":7}', '3:n:s7'],
    [{ ...set, key_template: 'k:${a}' }, '{"id":"x:y","a":"1:"}', '4:k:1:x:y'],
    [{ ...set, key_template: '😀${a}' }, '{"id":"ü","a":"€"}', '3:😀€ü'],
    [{ ...set, cache_type: 'sorted_set', key_prefix: 'p:' }, '{"id":1.0}', '5:p:n:s1'],
  ] as [RecordOptions, string, string][])(
    'is its key and itself, told apart: %j',
    (options, record, name) => {
      expect(locationOf(options, record, true)).toBe(name)
    },
  )

  it.each([
    [{ ...hash, key_template: '${k}' }, '{"id":1}', 'template-column-missing key_template k'],
    [hash, '{"id":null}', 'template-column-null hash_field id'],
    [set, '{"id":[1]}', 'template-column-array member id'],
  ] as [RecordOptions, string, string][])('is none without both: %j', (options, record, refusal) => {
    expect(locationOf(options, record, true)).toBe(refusal)
  })

  it('is never the only one, though the key may be', () => {
    expect(locatorWith(hash, true).only).toBeUndefined()
  })
})

describe('the row at a location', () => {
  it.each([
    ['hash', 'hash', ['UNLINK', '3:n:s7']],
    ['string', 'string', ['UNLINK', '3:n:s7']],
    ['sorted_set', 'zset', ['UNLINK', '3:n:s7']],
    ['member of hash', 'hash', ['HDEL', 'n:s', '7']],
    ['member of set', 'set', ['SREM', 'n:s', '7']],
    ['member of sorted_set', 'zset', ['ZREM', 'n:s', '7']],
  ])('is removed by a command of its own: %s', (name, kind, command) => {
    const form = locationForm(name)
    expect([form.name, form.type, form.key('3:n:s7')]).toEqual([name, kind, command[1]])
    expect(removal(form, '3:n:s7')).toEqual(command)
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    form.removeAll(out, ['3:n:s7'])
    expect(commandsIn(out.bytes.subarray(0, out.length))).toEqual([command])
  })

  it('is found again whatever is in the key and the member', () => {
    const form = locationForm('member of set')
    expect(removal(form, '6:1:2:😀:😀\n')).toEqual(['SREM', '1:2:😀', ':😀\n'])
    expect(removal(form, '3:n:s')).toEqual(['SREM', 'n:s', ''])
  })

  it('may end later where it has a key of its own', () => {
    expect(removal(locationForm('hash'), 'k:1', 90_000)).toEqual(['PEXPIRE', 'k:1', '90000'])
  })
})

it('many keys are removed by commands that hold up nobody', () => {
  const keys = Array.from({ length: 1_001 }, (_, n) => `k${n}`)
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  unlinkAll(out, keys)
  const commands = commandsIn(out.bytes.subarray(0, out.length))
  expect(commands.map(({ length }) => length)).toEqual([501, 501, 2])
  expect(commands.flatMap(([, ...some]) => some)).toEqual(keys)
})

function locatorWith(options: RecordOptions, byMember: boolean) {
  const settings = settingsWith(options)
  return rowLocator(
    { settings, keyTemplate: keyTemplateOf(settings, STREAM, true), stream: STREAM },
    byMember,
  )
}

/** Returns the location of a record, or why it has none. */
function locationOf(options: RecordOptions, record: string, byMember: boolean): string {
  const out = new ByteBuffer(Buffer.alloc(1))
  const locator = locatorWith(options, byMember)
  const names: string[] = []
  eachRead(['{"id":"before","a":"before","k":"before"}', record], '5', true, (view) => {
    out.clear()
    const refusal = locator.locate(view, out)
    names.push(refusal === undefined ? out.bytes.toString('utf8', 0, out.length) : summaryOf(refusal))
  })
  return names[1]!
}

function removal(form: LocationForm, location: string, afterMs?: number): string[] {
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  form.remove(out, location, afterMs)
  return commandsIn(out.bytes.subarray(0, out.length))[0]!
}
