/** Says why an address cannot be reached, for every kind of server: one reason and one check for each error code. */
import { problem, type Problem } from '../../errors.ts'
import { listAnd } from '../../wording.ts'

/** What is connected to, and the options that contain its address. */
export interface Target {
  /** Starts the sentence: `Redis at h:1`. */
  readonly name: string
  /** Options that contain the host. */
  readonly host: readonly string[]
  /** Options that contain the port. */
  readonly port: readonly string[]
}

interface Rule {
  readonly code: string
  /** Follows `cannot be reached: `. */
  readonly reason: string
  /** The options to check, and everything else. */
  readonly check: (target: Target) => { readonly options: readonly string[]; readonly more?: string }
}

/** By the code that sockets and name servers report. */
const RULES: Readonly<Record<string, Rule>> = {
  ENOTFOUND: {
    code: 'host-unknown',
    reason: 'there is no host of this name',
    check: ({ host }) => ({ options: host }),
  },
  EAI_AGAIN: {
    code: 'host-lookup-failed',
    reason: 'the host name could not be looked up',
    check: ({ host }) => ({ options: host, more: 'the name server' }),
  },
  ECONNREFUSED: {
    code: 'connection-refused',
    reason: 'nothing listens there',
    check: ({ host, port }) => ({ options: [...host, ...port], more: 'that the server runs' }),
  },
  EHOSTUNREACH: {
    code: 'host-unreachable',
    reason: 'no network route leads there',
    check: ({ host }) => ({ options: host, more: 'the network in between' }),
  },
  ENETUNREACH: {
    code: 'host-unreachable',
    reason: 'no network route leads there',
    check: ({ host }) => ({ options: host, more: 'the network in between' }),
  },
  ETIMEDOUT: {
    code: 'connection-timeout',
    reason: 'it does not answer',
    check: ({ host, port }) => ({ options: [...host, ...port], more: 'firewalls in between' }),
  },
  // Of a Unix socket. Redis removes it when it ends.
  ENOENT: {
    code: 'unix-socket-missing',
    reason: 'there is no Unix socket at this path',
    check: () => ({ options: ['url'], more: 'that Redis runs (unixsocket)' }),
  },
  EACCES: {
    code: 'unix-socket-denied',
    reason: 'opening the Unix socket is not allowed',
    check: () => ({ options: ['url'], more: 'its permissions (unixsocketperm)' }),
  },
}

/** Returns the problem behind the code of a network error; undefined for a connection that was lost later. */
export function networkProblem(errorCode: string | undefined, target: Target): Problem | undefined {
  const rule = RULES[errorCode ?? '']
  if (rule === undefined) return undefined
  const { options, more } = rule.check(target)
  const checks = listAnd([...options, ...(more === undefined ? [] : [more])])
  const sentence = `${target.name} cannot be reached: ${rule.reason}. Check ${checks}.`
  return problem(rule.code, sentence, { options, params: { server: target.name } })
}

/** Returns the reason alone, for lists of several addresses. */
export function networkReason(errorCode: string | undefined): string | undefined {
  return RULES[errorCode ?? '']?.reason
}

/** Returns Redis at an address as a target. */
export function redisTarget(where: string): Target {
  return { name: `Redis at ${where}`, host: ['host'], port: ['port'] }
}
