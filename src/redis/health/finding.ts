/** What `check` reports about a server. */
import type { Deployment, Durability } from '../../config/settings/config.ts'
import { messageOf, problem, textOf, type Problem } from '../../errors.ts'
import { listAnd } from '../../wording.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Where } from '../transport/address.ts'
import type { ServerInfo } from './server-info.ts'

/** `FAILED`: a sync would fail. `WARN`: a sync may fail, or lose data. `INFO`: good to know. */
export type Level = 'FAILED' | 'WARN' | 'INFO'

export interface Finding {
  readonly level: Level
  /** Whether the server refuses writes from everyone in its present state. */
  readonly isState?: boolean
  readonly problem: (where: Where) => Problem
}

/** What a configuration expects of the servers. */
export interface Expectations {
  readonly deployment: Deployment['kind']
  readonly durability: Durability
  /** Whether keys get a time to live. */
  readonly expires: boolean
  /** Whether some keys expire at a time that the connector or the source sets. */
  readonly expiresAtTimes: boolean
}

/** Compares what a server reports about itself with the expectations. */
export type ServerCheck = (server: ServerInfo, expected: Expectations) => Finding[]

export function finding(
  level: Level,
  code: string,
  sentence: (where: Where) => string,
  { options, params }: Partial<Pick<Problem, 'options' | 'params'>> = {},
): Finding {
  return {
    level,
    problem: (where) =>
      problem(code, sentence(where), { options: options ?? [], params: { where, ...params } }),
  }
}

/** Returns the finding for an error of a command or a connection. */
export function failure(error: unknown, deployment: Deployment['kind']): Finding {
  return {
    level: 'FAILED',
    problem: (where) =>
      classify(error, { where, deployment }).error.problem ?? problem('unexpected-error', messageOf(error)),
  }
}

/** A finding as text, with its code. */
export interface ReportedFinding {
  readonly level: Level
  readonly text: string
  /** Undefined for what the connection reports while it is opened. */
  readonly problem?: Problem
}

/** Reports a finding about several servers once, with the names of all of them. */
export function report(findings: readonly (readonly [where: Where, finding: Finding])[]): ReportedFinding[] {
  const merged = new Map<string, { finding: Finding; servers: Where[] }>()
  for (const [where, found] of findings) {
    const text = `${found.level} ${found.problem('').sentence}`
    const before = merged.get(text)
    if (before === undefined) merged.set(text, { finding: found, servers: [where] })
    else if (!before.servers.includes(where)) before.servers.push(where)
  }
  return [...merged.values()].map(({ finding: { level, problem: describe }, servers }) => {
    const found = describe(listAnd(servers))
    return { level, text: textOf(found), problem: found }
  })
}
