// The ACL SETUSER lines of docs/security.md, so that tests use what operators paste.
import { readFileSync } from 'node:fs'

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')

const found = new Map(
  [...page.matchAll(/^```acl (\S+)\n(.*)\n```$/gm)].map(([, name, line]): [string, string] => [name!, line!]),
)

export const lineNames: readonly string[] = [...found.keys()]

/** Returns the arguments of a line that follow `ACL SETUSER <user>`. */
export function aclLine(name: string): string[] {
  const line = found.get(name)
  if (line === undefined) throw new Error(`docs/security.md has no line for ${name}`)
  return line.replace(/^ACL SETUSER airbyte /, '').split(' ')
}

/** Returns the permissions of a line, for example `+get`. */
export function permissionsIn(name: string): string[] {
  return aclLine(name).filter((word) => word.startsWith('+'))
}

/** Returns the command of a permission as messages name it, for example `CLIENT KILL`. */
export function commandIn(permission: string): string {
  return permission.slice(1).replace('|', ' ').toUpperCase()
}

export const login = { username: 'airbyte', password: 'a-long-password' }
