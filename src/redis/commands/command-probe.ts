/** Commands that `check` sends on keys of its own, to find out whether the server has them and the user may run them. */
import type { Capabilities } from './capabilities.ts'
import type { Script } from './script.ts'

export interface CommandProbe {
  readonly command: string
  readonly args: readonly string[]
  readonly expected: string | RegExp
  /** The name of the command in sentences. */
  readonly name: string
}

/** Two keys in one slot that do not exist. */
export interface ProbeKeys {
  readonly key: string
  readonly other: string
}

/** Commands that something needs, with the probes that show whether they work. */
export interface CommandRequirement {
  /** The end of a sentence: `The user may not run RPUSH, which … needs`. */
  readonly neededFor: string
  /** Returns every command, also those within scripts, so that each missing one can be named. They leave no key behind. */
  readonly probes: (keys: ProbeKeys, capabilities: Capabilities) => readonly CommandProbe[]
}

export function commandProbe(
  command: string,
  args: readonly string[],
  expected: string | RegExp,
  name = command,
): CommandProbe {
  return { command, args, expected, name }
}

export function scriptLoadProbe({ text, sha }: Script): CommandProbe {
  return commandProbe('SCRIPT', ['LOAD', text], sha, 'SCRIPT LOAD')
}

/** Removes the key that a probe before it has written. */
export function removalProbe(key: string): CommandProbe {
  return commandProbe('DEL', [key], '1')
}
