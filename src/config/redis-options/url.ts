/** `redis://…`, `rediss://…` or `unix://…` → where and as whom to connect. */
import type { Address, Connection } from '../settings/config.ts'

const FORM = 'redis://[user[:password]@]host[:port][/database], with rediss:// for TLS, or unix:///path'
const SOCKET =
  /^unix:\/\/(?:(?<username>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<path>\/[^?#]+)(?<search>\?[^#]*)?$/

export const REDIS_PORT = 6379

export interface FromUrl extends Pick<Connection, 'username' | 'password'> {
  readonly address: Address
  readonly usesTls: boolean
  readonly database: number | undefined
}

/** Adds to `problems` what is wrong with the URL, never showing the URL itself: it may hold a password. */
export function readUrl(text: string, field: string, problems: string[]): FromUrl | undefined {
  // Of another type or with another scheme, it is the schema that refuses it.
  if (typeof text !== 'string' || !/^(?:(?:rediss?|unix):\/\/|\{\{)/.test(text)) return undefined
  const problem = (sentence: string): void => void problems.push(`${field}: ${sentence}`)
  const parts = text.startsWith('unix:') ? socketParts(text) : serverParts(text)
  if (parts === undefined) {
    problem(
      `cannot be read; it must look like ${FORM}. In a password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`,
    )
    return undefined
  }
  const { path, hostname, port, search } = parts
  if (port === '0') problem('the port must be a number from 1 to 65535')
  return {
    address:
      path === undefined
        ? { host: hostname, port: Number(port || REDIS_PORT) }
        : { path: decode(path, problem) ?? '' },
    usesTls: text.startsWith('rediss:'),
    username: decode(parts.username, problem),
    password: decode(parts.password, problem),
    database: databaseIn(parts.database, search, problem),
  }
}

interface Parts {
  username: string
  password: string
  hostname: string
  port: string
  /** What follows the host. */
  database: string
  search: string
  /** Of a Unix socket. */
  path?: string
}

function serverParts(text: string): Parts | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || url.hash !== '') return undefined
  const { username, password, port, pathname, search } = url
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return { username, password, hostname, port, database: pathname.replace(/^\//, ''), search }
}

/** By hand, as the platform's parser refuses a user in front of a path. */
function socketParts(text: string): Parts | undefined {
  const { username = '', password = '', path, search = '' } = SOCKET.exec(text)?.groups ?? {}
  return path === undefined
    ? undefined
    : { username, password, path, search, hostname: '', port: '', database: '' }
}

/** `/2`, or `?db=2` as redis-py and ioredis read it. */
function databaseIn(path: string, search: string, problem: (sentence: string) => void): number | undefined {
  const query = [...new URLSearchParams(search)]
  if (query.some(([name]) => name !== 'db')) {
    problem(
      'of what may follow a ?, only db is known, as in ?db=2; give everything else as an option of its own',
    )
    return undefined
  }
  const given = [...(path === '' ? [] : [path]), ...query.map(([, number]) => number)]
  if (given.length > 1) problem('gives more than one database; keep one of them')
  else if (given.some((number) => !/^\d{1,9}$/.test(number)))
    problem(
      query.length > 0
        ? 'what follows ?db= must be the number of a database'
        : 'what follows the / must be the number of a database',
    )
  return given[0] === undefined ? undefined : Number(given[0])
}

function decode(part: string, problem: (sentence: string) => void): string | undefined {
  if (part === '') return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    problem('a % does not stand for a character; write the % itself as %25')
    return undefined
  }
}
