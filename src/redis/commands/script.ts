/** Lua scripts that are called by their hash; each server loads their text when a connection to it is opened. */
import { createHash } from 'node:crypto'
import type { Capabilities, Capability } from './capabilities.ts'

export interface Script {
  readonly text: string
  readonly sha: string
  /** The feature that it replaces: servers that have it do not need the script. */
  readonly replaces?: Capability | undefined
}

export function script(text: string, replaces?: Capability): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex'), replaces }
}

/** Returns the scripts that a server with these capabilities has to load. */
export function scriptsFor(scripts: readonly Script[], capabilities: Capabilities): Script[] {
  return scripts.filter(({ replaces }) => replaces === undefined || !capabilities[replaces])
}
