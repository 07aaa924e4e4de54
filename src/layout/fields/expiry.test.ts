import { describe, expect, it, onTestFinished } from 'vitest'
import { spreadOut } from './expiry.ts'
import { commandFor, commandsFor, refusalOf } from '../registry/encode-records.support.ts'

const NO_TIME = 'expiry-not-a-time expire_at_field ends'

describe('a time to live', () => {
  it.each([
    [0, 9_000],
    [0.25, 9_500],
    [0.5, 10_000],
    [0.75, 10_500],
    [1, 11_000],
  ])('of 10 s and a jitter of 10 percent is, at %d, %i ms', (spread, milliseconds) => {
    expect(endOf({ ttl_seconds: 10, ttl_jitter_percent: 10 }, spread)).toEqual(['PX', `${milliseconds}`])
  })

  it('never leaves the bounds of its jitter, and comes to all of what is between', () => {
    const times = Array.from({ length: 2_001 }, (_, step) => spreadOut(1, 50, step / 2_000))
    expect([Math.min(...times), Math.max(...times)]).toEqual([500, 1_500])
    expect(new Set(times).size).toBe(1_001)
  })

  it('is the same for all records where there is no jitter', () => {
    const times = [0, 0.3, 1].map((spread) => endOf({ ttl_seconds: 3600 }, spread))
    expect(times).toEqual(times.map(() => ['PX', '3600000']))
  })

  it('is never nothing, nor written as anything but digits', () => {
    expect(endOf({ ttl_seconds: 1, ttl_jitter_percent: 100 }, 0)).toEqual(['PX', '1'])
    const longest = { ttl_seconds: 10_000_000_000, ttl_jitter_percent: 100 }
    expect(endOf(longest, 1)).toEqual(['PX', '20000000000000'])
  })

  it('of 0 s is none', () => {
    expect(endOf({ ttl_seconds: 0 })).toEqual([])
  })
})

describe('a time that a record names', () => {
  it.each([
    ['"2024-01-01T10:00:00Z"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01T10:00:00z"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01t10:00:00.5Z"', '2024-01-01T10:00:00.500Z'],
    ['"2024-01-01T10:00:00.123456789Z"', '2024-01-01T10:00:00.123Z'],
    ['"2024-01-01T10:00Z"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01T10:00:00"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01 10:00:00.250"', '2024-01-01T10:00:00.250Z'],
    ['"2024-01-01 10:00"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01"', '2024-01-01T00:00:00.000Z'],
    ['"2024-02-29"', '2024-02-29T00:00:00.000Z'],
    ['"2024-01-01T24:00:00Z"', '2024-01-02T00:00:00.000Z'],
    ['"2024-01-01T10:00:00+02:00"', '2024-01-01T08:00:00.000Z'],
    ['"2024-01-01T10:00:00.5+0530"', '2024-01-01T04:30:00.500Z'],
    ['"2024-01-01T10:00-08:00"', '2024-01-01T18:00:00.000Z'],
    ['"2024-01-01T10:00:00-00:00"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01 10:00:00+00"', '2024-01-01T10:00:00.000Z'],
    ['"2024-01-01 10:00:00.5-05"', '2024-01-01T15:00:00.500Z'],
    ['"2024-01-01 10:00:00 +02:00"', '2024-01-01T08:00:00.000Z'],
    ['"2024-01-01 10:00:00 Z"', '2024-01-01T10:00:00.000Z'],
    ['"2024-02-29T23:30:00-01:00"', '2024-03-01T00:30:00.000Z'],
    ['"9999-12-31T23:59:59.999Z"', '9999-12-31T23:59:59.999Z'],
    ['"1970-01-01T00:00:00.001Z"', '1970-01-01T00:00:00.001Z'],
    [String.raw`"2024-01-01T10\u003a00:00Z"`, '2024-01-01T10:00:00.000Z'],
  ])('may be %s, which is %s', (value, time) => {
    expect(endAt(value)).toEqual(['PXAT', `${Date.parse(time)}`])
  })

  it.each(['"2024-07-01"', '"2024-07-01T00:00"', '"2024-07-01 00:00:00.000"'])(
    'is UTC where it does not say otherwise, wherever the connector runs: %s',
    (value) => {
      const zone = process.env['TZ']
      process.env['TZ'] = 'America/New_York'
      onTestFinished(() => {
        if (zone === undefined) delete process.env['TZ']
        else process.env['TZ'] = zone
      })
      expect(new Date(2024, 6).getTimezoneOffset()).toBe(240)
      expect(endAt(value)).toEqual(['PXAT', '1719792000000'])
    },
  )

  it.each([
    ['1', '1000'],
    ['0.5', '500'],
    ['1700000000', '1700000000000'],
    ['1700000000.5', '1700000000500'],
    ['253402300799', '253402300799000'],
    ['253402300800', '253402300800'],
    ['1700000000000', '1700000000000'],
    ['1700000000000.999', '1700000000000'],
    ['1.7e12', '1700000000000'],
    ['253402300799999', '253402300799999'],
    ['253402300800000', '253402300800'],
    ['1700000000000000', '1700000000000'],
    ['253402300799999000', '253402300799999'],
    ['253402300800000000', '253402300800'],
    ['1700000000000000000', '1700000000000'],
    ['"1700000000"', '1700000000000'],
    ['"1.7e12"', '1700000000000'],
    ['"2024"', '2024000'],
    ['"20240101"', '20240101000'],
  ])('may be the number %s, whose size tells its unit', (value, milliseconds) => {
    expect(endAt(value)).toEqual(['PXAT', milliseconds])
  })

  it.each([
    ['s', '8000000000', '8000000000000'],
    ['ms', '1700000000', '1700000000'],
    ['ms', '8640000000000000', '8640000000000000'],
    ['us', '1700000000', '1700000'],
    ['ns', '"1700000000"', '1700'],
  ] as const)('is in %s where expire_at_unit says so: %s', (unit, value, milliseconds) => {
    const options = { ...withEnd('ends'), expire_at_unit: unit }
    expect(commandFor(options, `{"ends":${value}}`).slice(3)).toEqual(['PXAT', milliseconds])
  })

  it.each(['0', '-0', '-1', '"-5"', '-1e400', '-1.7e12', '"1969-12-31T23:59:59Z"', '"0000-01-01"'])(
    'is the first that Redis knows where it is %s',
    (value) => {
      expect(endAt(value)).toEqual(['PXAT', '1'])
    },
  )

  it.each(['{"id":1,"ends":null}', '{"id":1}', '{"id":1,"ends":{}}'])(
    'is never where there is none: %s',
    (record) => {
      expect(commandFor(withEnd('ends'), record)).toHaveLength(3)
    },
  )

  it('is that of each record by itself', () => {
    const records = ['1700000000000', 'null', '1700000000001'].map((ends) => `{"ends":${ends}}`)
    const ends = commandsFor(withEnd('ends'), records).map((command) => command.slice(3))
    expect(ends).toEqual([['PXAT', '1700000000000'], [], ['PXAT', '1700000000001']])
  })

  it('may stand in a nested column', () => {
    const [, , , ...end] = commandFor(withEnd('a.b'), '{"id":1,"a":{"b":1700000000000}}')
    expect(end).toEqual(['PXAT', '1700000000000'])
  })

  it.each([
    'true',
    '[1700000000000]',
    '["2024-01-01"]',
    '{"at":1700000000000}',
    '8640000000001000000000',
    '1e400',
    '"1e400"',
    '""',
    '"soon"',
    '" 1700000000"',
    '"1_700"',
    '"0x10"',
    '"Infinity"',
    '"2024-01"',
    '"2024-1-1"',
    '"2024-13-01"',
    '"2024-00-10"',
    '"2024-02-30"',
    '"2023-02-29T00:00:00Z"',
    '"2024-04-31 10:00"',
    '"2024-01-01T"',
    '"2024-01-01T10"',
    '"2024-01-01T25:00:00Z"',
    '"2024-01-01T10:60:00Z"',
    '"2024-01-01T10:00:00.Z"',
    '"2024-01-01T10:00:00+25:00"',
    '"2024-01-01T10:00:00+2"',
    '"2024-01-01Z"',
    '"2024-01-01T10:00:00 UTC"',
    '" 2024-01-01"',
    '"2024-01-01\\n"',
    '"Mon, 01 Jan 2024 10:00:00 GMT"',
  ])('is not to be had from %s', (value) => {
    expect(refusalOf(withEnd('ends'), `{"id":1,"ends":${value}}`)).toBe(NO_TIME)
  })
})

describe('a time to live that a record names', () => {
  const options = { cache_type: 'string', data_format: 'json', ttl_field: 'life' } as const
  const endOfRecord = (value: string): string[] => commandFor(options, `{"life":${value}}`).slice(3)

  it.each([
    ['60', '60000'],
    ['0.0001', '1'],
    ['1.5', '1500'],
    ['"90"', '90000'],
    ['1e10', '10000000000000'],
  ])('is a number of seconds from the write: %s', (value, milliseconds) => {
    expect(endOfRecord(value)).toEqual(['PX', milliseconds])
  })

  it.each(['0', '-1', '"-0.5"'])('of no length is past: %s', (value) => {
    expect(endOfRecord(value)).toEqual(['PXAT', '1'])
  })

  it('is none where the column is null or absent', () => {
    expect(['{"life":null}', '{}'].map((record) => commandFor(options, record).length)).toEqual([3, 3])
  })

  it.each(['true', '"soon"', '""', '[60]', '10000000001', '1e400', '"2024-01-01"'])(
    'is not to be had from %s',
    (value) => {
      expect(refusalOf(options, `{"life":${value}}`)).toBe('ttl-field-not-seconds ttl_field life')
    },
  )
})

function withEnd(column: string) {
  return { cache_type: 'string', data_format: 'json', expire_at_field: column } as const
}

/** How the command ends that writes a record with this value. */
function endAt(value: string): string[] {
  return commandFor(withEnd('ends'), `{"id":1,"ends":${value}}`).slice(3)
}

function endOf(options: { ttl_seconds: number; ttl_jitter_percent?: number }, spread = 0.5): string[] {
  return commandFor({ cache_type: 'string', ...options }, '{}', { spread: () => spread }).slice(3)
}
