/** Reads `redis://…`, `rediss://…` and `unix://…`: the server's address, and the credentials for it. */
import { optionProblem, type Problem } from '../../errors.ts'
import type { Address, Connection } from '../settings/config.ts'

const FORM = 'redis://[user[:password]@]host[:port][/database], with rediss:// for TLS, or unix:///path'
const SOCKET =
  /^unix:\/\/(?:(?<username>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<path>\/[^?#]+)(?<search>\?[^#]*)?$/

export const REDIS_PORT = 6379

export interface RedisUrl extends Pick<Connection, 'username' | 'password'> {
  readonly address: Address
  readonly usesTls: boolean
  readonly database: number | undefined
}

/** Adds to `problems` without showing the URL itself, which may contain a password. */
export function readRedisUrl(text: string, option: string, problems: Problem[]): RedisUrl | undefined {
  // The schema refuses other types and schemes.
  if (typeof text !== 'string' || !/^(?:(?:rediss?|unix):\/\/|\{\{)/.test(text)) return undefined
  const report: Report = (code, clause) => void problems.push(optionProblem(code, option, clause))
  const fields = text.startsWith('unix:') ? socketFields(text) : serverFields(text)
  if (fields === undefined) {
    report(
      'url-malformed',
      `is not a valid URL; it must look like ${FORM}. In a password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`,
    )
    return undefined
  }
  const { path, hostname, port, search } = fields
  if (port === '0') report('port-out-of-range', 'the port must be a number from 1 to 65535')
  return {
    address:
      path === undefined
        ? { host: hostname, port: Number(port || REDIS_PORT) }
        : { path: decode(path, report) ?? '' },
    usesTls: text.startsWith('rediss:'),
    username: decode(fields.username, report),
    password: decode(fields.password, report),
    database: databaseIn(fields.database, search, report),
  }
}

type Report = (code: string, clause: string) => void

interface UrlFields {
  username: string
  password: string
  hostname: string
  port: string
  /** The text behind the host. */
  database: string
  search: string
  /** The path of a Unix socket. */
  path?: string
}

function serverFields(text: string): UrlFields | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || url.hash !== '') return undefined
  const { username, password, port, pathname, search } = url
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  return { username, password, hostname, port, database: pathname.replace(/^\//, ''), search }
}

/** `URL` refuses a user in front of a path, so this has a pattern of its own. */
function socketFields(text: string): UrlFields | undefined {
  const { username = '', password = '', path, search = '' } = SOCKET.exec(text)?.groups ?? {}
  return path === undefined
    ? undefined
    : { username, password, path, search, hostname: '', port: '', database: '' }
}

/** Reads `/2`, and `?db=2` as redis-py and ioredis do. */
function databaseIn(path: string, search: string, report: Report): number | undefined {
  const query = [...new URLSearchParams(search)]
  if (query.some(([name]) => name !== 'db')) {
    report(
      'url-parameter-unknown',
      'db is the only parameter that may follow the ?, as in ?db=2; write everything else as an option of its own',
    )
    return undefined
  }
  const numbers = [...(path === '' ? [] : [path]), ...query.map(([, number]) => number)]
  if (numbers.length > 1) report('url-database-repeated', 'contains more than one database; keep one of them')
  else if (numbers.some((number) => !/^\d{1,9}$/.test(number)))
    report(
      'url-database-malformed',
      `the text behind ${query.length > 0 ? '?db=' : 'the /'} must be the number of a database`,
    )
  return numbers[0] === undefined ? undefined : Number(numbers[0])
}

function decode(text: string, report: Report): string | undefined {
  if (text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    report(
      'url-escape-malformed',
      'contains a % that is not followed by two hexadecimal digits; write % as %25',
    )
    return undefined
  }
}
