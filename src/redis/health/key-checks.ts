/** Keys that a sync is known to write before it begins: they may hold something else, or be out of the user's reach. */
import type { OpenConnection } from '../session/open-connection.ts'
import type { Finding } from './finding.ts'

export interface KnownKey {
  readonly key: string
  /** What TYPE has to answer, where it is there. */
  readonly kind: string
  /** Begins the sentence about it: `stream users`. */
  readonly user: string
}

/** Gives `undefined` where TYPE may not be asked. */
export async function lookAt(
  server: OpenConnection,
  keys: readonly KnownKey[],
  login: string,
): Promise<Finding[] | undefined> {
  const replies = await Promise.all(
    keys.map(({ key }) => server.call('TYPE', key).then(String, (error: unknown) => error as Error)),
  )
  const findings: Finding[] = []
  for (const [at, { key, kind, user }] of keys.entries()) {
    const reply = replies[at]!
    if (typeof reply === 'string') {
      if (reply !== kind && reply !== 'none')
        findings.push({
          level: 'FAILED',
          say: (where) =>
            `The key ${key} on Redis at ${where} holds a ${reply}, and ${user} needs a ${kind} there. Remove or rename ` +
            'that key, or set a key_prefix.',
        })
    } else if (isKeyDenied(reply.message))
      findings.push({
        level: 'FAILED',
        say: (where) =>
          `The user may not use the key ${key} on Redis at ${where}, which ${user} writes. Allow it ` +
          `(ACL SETUSER ${login} ~${key}).`,
      })
    else return undefined
  }
  return findings
}

/** Whether the user may write keys that nobody thought of before, behind the prefix; `key` does not exist. */
export async function tryAnyKey(
  server: OpenConnection,
  key: string,
  prefix: string,
  login: string,
): Promise<Finding[]> {
  const reply = await server.call('DEL', key).catch((error: unknown) => error as Error)
  if (!(reply instanceof Error) || !isKeyDenied(reply.message)) return []
  const keys = prefix === '' ? 'every key' : `every key that begins with ${prefix}`
  return [
    {
      level: 'WARN',
      say: (where) =>
        `The user may not use ${keys} on Redis at ${where}: a stream whose keys are not allowed will fail. ` +
        `Allow them (ACL SETUSER ${login} ~${prefix}*), or make sure that yours are among those that are.`,
    },
  ]
}

/** Whether a command may be run, but not on its key. */
export function isKeyDenied(reply: string): boolean {
  return /^NOPERM .*access (a|one of the) key/i.test(reply)
}
