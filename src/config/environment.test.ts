import { describe, expect, it } from 'vitest'
import { parseConfig } from './parse.ts'

const ENVIRONMENT = {
  REDIS_HOST: 'redis.internal',
  REDIS_PORT: '6380',
  REDIS_USER: 'app',
  REDIS_PASSWORD: '12345',
  REDIS_DB: '7',
  REDIS_URL: 'redis://app:pw@h:6380/3',
  EMPTY: '',
  _9: 'odd',
  NESTED: '{{ REDIS_HOST }}',
}

describe('a placeholder', () => {
  it('is replaced in every connection field, also where that is a number', () => {
    const raw = {
      host: '{{ REDIS_HOST }}',
      port: '{{ REDIS_PORT }}',
      username: '{{ REDIS_USER }}',
      password: '{{ REDIS_PASSWORD }}',
      database: '{{ REDIS_DB }}',
    }
    const expected = { host: 'redis.internal', port: 6380, username: 'app', password: '12345', database: 7 }
    expect(parse(raw).connection).toEqual(expected)
  })

  it('is replaced in the URL', () => {
    const expected = { host: 'h', port: 6380, username: 'app', password: 'pw', database: 3 }
    expect(parse({ url: '{{ REDIS_URL }}' }).connection).toEqual(expected)
  })

  it.each([
    ['{{REDIS_HOST}}', 'redis.internal'],
    ['{{  REDIS_HOST\t}}', 'redis.internal'],
    ['{{ _9 }}', 'odd'],
    ['{{ NESTED }}', '{{ REDIS_HOST }}'],
    [' {{ REDIS_HOST }}', ' {{ REDIS_HOST }}'],
    ['{{ REDIS_HOST }}.', '{{ REDIS_HOST }}.'],
    ['{ REDIS_HOST }', '{ REDIS_HOST }'],
    ['{{ 9 }}', '{{ 9 }}'],
    ['{{ A-B }}', '{{ A-B }}'],
    ['$REDIS_HOST', '$REDIS_HOST'],
  ])('is the whole value or none: %j means %j', (written, read) => {
    expect(parse({ host: 'h', username: written }).connection.username).toBe(read)
  })

  it('may stand for nothing', () => {
    expect(parse({ host: 'h', password: '{{ EMPTY }}' }).connection.password).toBeUndefined()
  })

  it('is a plain text in other fields', () => {
    expect(parse({ host: 'h', key_prefix: '{{ REDIS_HOST }}' }).keyPrefix).toBe('{{ REDIS_HOST }}')
  })

  it.each(['host', 'port', 'username', 'password', 'url', 'database'])(
    'is a problem, named with its variable, where %s needs one that is not set',
    (field) => {
      const raw = { ...(field === 'url' ? {} : { host: 'h' }), [field]: '{{ NOT_SET }}' }
      expect(() => parse(raw)).toThrow(`${field}: the environment variable NOT_SET is not set`)
    },
  )

  it.each([
    ['port', '{{ REDIS_HOST }}', 'port: must be integer.'],
    ['port', '{{ EMPTY }}', 'port: must be integer.'],
    ['database', '{{ REDIS_URL }}', 'database: must be integer.'],
    ['host', '{{ EMPTY }}', 'host: must NOT have fewer than 1 characters.'],
  ])('is judged by what it stands for: %s %s', (field, written, problem) => {
    expect(() => parse({ host: 'h', [field]: written })).toThrow(problem)
  })
})

function parse(raw: object): ReturnType<typeof parseConfig>['config'] {
  return parseConfig(JSON.stringify(raw), ENVIRONMENT).config
}
