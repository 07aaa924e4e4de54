/** Checks keys that a sync will write: they may have another Redis type, or the user may not use them. */
import type { OpenConnection } from '../session/open-connection.ts'
import { finding, type Finding } from './finding.ts'

export interface KeyToCheck {
  readonly key: string
  /** The Redis type that it needs if it exists. */
  readonly type: string
  /** What writes it, in sentences: `stream users`. */
  readonly neededBy: string
}

/** Checks the types of keys. Returns undefined where the user may not run TYPE. */
export async function checkKeyTypes(
  server: OpenConnection,
  keys: readonly KeyToCheck[],
  user: string,
): Promise<Finding[] | undefined> {
  const replies = await Promise.all(
    keys.map(({ key }) => server.call('TYPE', key).then(String, (error: unknown) => error as Error)),
  )
  const findings: Finding[] = []
  for (const [at, { key, type, neededBy }] of keys.entries()) {
    const reply = replies[at]!
    if (typeof reply === 'string') {
      if (reply !== type && reply !== 'none')
        findings.push(
          finding(
            'FAILED',
            'key-type-differs',
            (where) =>
              `The key ${key} on Redis at ${where} holds a ${reply}, and ${neededBy} needs a ${type} there. Remove or ` +
              'rename that key, or set a key_prefix.',
            { options: ['key_prefix'], params: { key, type: reply, needed: type } },
          ),
        )
    } else if (isKeyDenied(reply.message))
      findings.push(
        finding(
          'FAILED',
          'key-denied',
          (where) =>
            `The user may not use the key ${key} on Redis at ${where}, which ${neededBy} writes. Allow it ` +
            `(ACL SETUSER ${user} ~${key}).`,
          { options: ['username'], params: { key } },
        ),
      )
    else return undefined
  }
  return findings
}

/** Checks whether the user may write any key behind the prefix, by one that does not exist. */
export async function checkAnyKey(
  server: OpenConnection,
  key: string,
  prefix: string,
  user: string,
): Promise<Finding[]> {
  const reply = await server.call('DEL', key).catch((error: unknown) => error as Error)
  if (!(reply instanceof Error) || !isKeyDenied(reply.message)) return []
  const keys = prefix === '' ? 'every key' : `every key that begins with ${prefix}`
  return [
    finding(
      'WARN',
      'keys-denied',
      (where) =>
        `The user may not use ${keys} on Redis at ${where}: a stream whose keys are not allowed will fail. ` +
        `Allow them (ACL SETUSER ${user} ~${prefix}*), or make sure that the keys of all streams are allowed.`,
      { options: ['username'], params: { prefix } },
    ),
  ]
}

/** Returns whether a command is allowed, but not on its key. */
export function isKeyDenied(reply: string): boolean {
  return /^NOPERM .*access (a|one of the) key/i.test(reply)
}
