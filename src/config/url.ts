/** `redis://[user[:password]@]host[:port][/database]` → where and as whom to connect. */
import type { Connection } from './config.ts'

const FORM = 'redis://[user[:password]@]host[:port][/database]'

/** Adds to `problems` what is wrong with the URL, never showing the URL itself: it may hold a password. */
export function readUrl(text: string, problems: string[]): Connection {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = /^\/?(\d*)$/.exec(url?.pathname ?? '')?.[1]
  if (url === undefined || url.hostname === '')
    problems.push(`url: cannot be read; it must look like ${FORM}`)
  else if (url.port === '0') problems.push('url: the port must be a number from 1 to 65535')
  else if (database === undefined || database.length > 9)
    problems.push('url: what follows the / must be the number of a database')
  return {
    host: url?.hostname.replace(/^\[|\]$/g, '') ?? '',
    port: Number(url?.port || 6379),
    username: decode(url?.username, problems),
    password: decode(url?.password, problems),
    database: Number(database ?? 0),
  }
}

function decode(part: string | undefined, problems: string[]): string | undefined {
  if (!part) return undefined
  try {
    return decodeURIComponent(part)
  } catch {
    problems.push(
      'url: a % in the user name or password does not stand for a character; write the % itself as %25',
    )
    return undefined
  }
}
