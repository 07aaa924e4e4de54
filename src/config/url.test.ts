import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import { parseConfig } from './parse.ts'

const NOBODY = { username: undefined, password: undefined }
const FORM = 'redis://[user[:password]@]host[:port][/database]'

describe('a URL', () => {
  it.each([
    ['redis://h', { host: 'h', port: 6379, database: 0, ...NOBODY }],
    ['redis://h/', { host: 'h', port: 6379, database: 0, ...NOBODY }],
    ['redis://h:6380', { host: 'h', port: 6380, database: 0, ...NOBODY }],
    ['redis://h/15', { host: 'h', port: 6379, database: 15, ...NOBODY }],
    ['redis://127.0.0.1:1/2', { host: '127.0.0.1', port: 1, database: 2, ...NOBODY }],
    ['redis://[::1]:7/3', { host: '::1', port: 7, database: 3, ...NOBODY }],
    ['redis://app@h', { host: 'h', port: 6379, database: 0, username: 'app', password: undefined }],
    ['redis://app:pw@h:6380/4', { host: 'h', port: 6380, database: 4, username: 'app', password: 'pw' }],
    ['redis://:pw@h', { host: 'h', port: 6379, database: 0, username: undefined, password: 'pw' }],
    [
      'redis://a%40b:p%3A%2F%25%20%C3%BC@h',
      { host: 'h', port: 6379, database: 0, username: 'a@b', password: 'p:/% ü' },
    ],
  ])('says in one line where and as whom to connect: %s', (url, connection) => {
    expect(parse({ url }).connection).toEqual(connection)
  })

  it.each([
    ['redis://h/3', 5, 5],
    ['redis://h/3', 0, 0],
    ['redis://h', 5, 5],
  ])('%s with the database %i beside it means database %i', (url, database, expected) => {
    expect(parse({ url, database }).connection.database).toBe(expected)
  })
})

describe('a URL is refused', () => {
  it.each([
    ['rediss://h', `url: must look like ${FORM}.`],
    ['http://h', `url: must look like ${FORM}.`],
    ['REDIS://h', `url: must look like ${FORM}.`],
    ['redis://', `url: cannot be read; it must look like ${FORM}.`],
    ['redis:///3', `url: cannot be read; it must look like ${FORM}.`],
    ['redis://h:65536', `url: cannot be read; it must look like ${FORM}.`],
    ['redis://h:port', `url: cannot be read; it must look like ${FORM}.`],
    ['redis://two words', `url: cannot be read; it must look like ${FORM}.`],
    ['{{ NAME }} and more', `url: cannot be read; it must look like ${FORM}.`],
    ['redis://h/first', 'url: what follows the / must be the number of a database.'],
    ['redis://h/1/2', 'url: what follows the / must be the number of a database.'],
    ['redis://h/-1', 'url: what follows the / must be the number of a database.'],
    [
      'redis://u:100%@h',
      'url: a % in the user name or password does not stand for a character; write the % itself as %25.',
    ],
  ])('where it is %s', (url, problem) => {
    expect(() => parse({ url })).toThrow(new ConfigError(`The configuration cannot be used. ${problem}`))
  })

  it.each([
    ['host', { host: 'h' }],
    ['port', { port: 6379 }],
    ['username', { username: 'app' }],
    ['password', { password: 'pw' }],
  ])('together with %s, both named', (field, other) => {
    expect(() => parse({ url: 'redis://h', ...other })).toThrow(
      new ConfigError(
        `The configuration cannot be used. url and ${field}: both are given; keep one of them.`,
      ),
    )
  })

  it('with every problem at once', () => {
    expect(() => parse({ url: 'redis://u:%@h/x', host: 'h', port: 1 })).toThrow(
      new ConfigError(
        'The configuration cannot be used. url and host: both are given; keep one of them. ' +
          'url and port: both are given; keep one of them. ' +
          'url: what follows the / must be the number of a database. ' +
          'url: a % in the user name or password does not stand for a character; write the % itself as %25.',
      ),
    )
  })
})

function parse(raw: object): ReturnType<typeof parseConfig>['config'] {
  return parseConfig(JSON.stringify(raw), {}).config
}
