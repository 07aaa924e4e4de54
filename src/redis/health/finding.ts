/** What a check finds out about a server. */
import type { Durability } from '../../config/settings/config.ts'
import type { Facts } from './server-info.ts'
import { listAnd } from '../../wording.ts'
import type { Where } from '../transport/address.ts'

export interface Finding {
  /** `FAILED`: a sync would fail. `WARN`: one may fail, or lose something, later on. `INFO`: good to know. */
  readonly level: 'FAILED' | 'WARN' | 'INFO'
  /** Whether it is about what the server, as it is now, refuses from everyone. */
  readonly isState?: boolean
  /** In sentences, with what to do. */
  readonly say: (where: Where) => string
}

export interface Expectations {
  readonly deployment: 'standalone' | 'sentinel' | 'cluster'
  readonly durability: Durability
  /** Whether keys are given a time to live. */
  readonly expires: boolean
  /** Whether some end at a time of our clock, or the source's. */
  readonly endsAtTimes: boolean
}

/** What follows from what a server tells of itself. */
export type Rule = (facts: Facts, expected: Expectations) => Finding[]

export function failed(say: Finding['say']): Finding[] {
  return [{ level: 'FAILED', say }]
}

/** A finding, in words. */
export type Said = Pick<Finding, 'level'> & { readonly text: string }

/** Of several servers: what holds for more than one is said once, and names them all. */
export function sayAll(findings: readonly (readonly [where: Where, finding: Finding])[]): Said[] {
  const together = new Map<string, { finding: Finding; places: Where[] }>()
  for (const [where, finding] of findings) {
    const words = `${finding.level} ${finding.say('')}`
    const known = together.get(words)
    if (known === undefined) together.set(words, { finding, places: [where] })
    else if (!known.places.includes(where)) known.places.push(where)
  }
  return [...together.values()].map(({ finding, places }) => ({
    level: finding.level,
    text: finding.say(listAnd(places)),
  }))
}
