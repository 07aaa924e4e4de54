/**
 * Finds the command that a server refuses to run. Within a script, servers before Redis 7.2 name the script and the
 * line only, so the command is read from there.
 */

import { isCommandName } from '../resp/command-replies.ts'

/** Texts of scripts by their SHA-1. */
export type ScriptTexts = ReadonlyMap<string, string>

/** Redis 6 names the script in front of the line, Redis 7.0 in front of the comma. */
const PLACE = /(?:call to f_|script: )([0-9a-f]{40})\b.{0,80}@user_script: ?(\d+)/

/** A function called with the name of a command: `redis.call`, or one of the script's own. */
const COMMAND = /\b\w+\('([A-Z]{2,})'/g

/** Returns the commands that the reply may be about: of one line, else of the script; none where it is unknown. */
export function refusedCommands(reply: string, scripts: ScriptTexts = new Map()): string[] {
  const direct = (/run the '([\w|-]+)' command/.exec(reply) ?? /unknown command ['`]?(\w+)/i.exec(reply))?.[1]
  if (direct !== undefined) {
    const name = direct.toUpperCase().replace('|', ' ')
    // A server may name anything that it was sent.
    return isCommandName(name) ? [name] : []
  }
  const [, sha = '', line = ''] = PLACE.exec(reply) ?? []
  const text = scripts.get(sha) ?? ''
  const inLine = commandsIn(text.split('\n')[Number(line) - 1] ?? '')
  return inLine.length > 0 ? inLine : commandsIn(text)
}

/** Returns the rule of ACL SETUSER that allows a command. */
export function aclRuleOf(command: string): string {
  return `+${command.toLowerCase().replace(' ', '|')}`
}

function commandsIn(text: string): string[] {
  return [...new Set([...text.matchAll(COMMAND)].map(([, command]) => command!))]
}
