/**
 * What an error means: the one place that decides whether to try again, to blame the record, or to stop, and that
 * says it in a sentence for the operator.
 */
import { ConfigError, SystemError, TransientError, type ConnectorError } from '../../errors.ts'
import { ProtocolError } from '../resp/reply-reader.ts'
import { tlsProblem } from '../transport/tls-problems.ts'
import { isReplyError } from './reply-error.ts'
import type { Where } from '../transport/address.ts'

/** `record`: only this record is refused. `again`: it may work later. `stop`: nobody but the operator can help. */
type Handling = 'record' | 'again' | 'stop'

export type Classification =
  | { handling: 'again'; error: TransientError }
  | { handling: Exclude<Handling, 'again'>; error: ConnectorError }

type Rule = readonly [pattern: RegExp, handling: Handling, sentence: (where: Where, reply: string) => string]

const UNKNOWN_COMMAND = /^ERR unknown command ['`]?(\w+)/i

/** What servers answer, matched on the text of the error reply. The first rule that fits holds. */
const REPLY_RULES: readonly Rule[] = [
  [UNKNOWN_COMMAND, 'stop', notKnown],
  [
    /^WRONGTYPE/,
    'record',
    () => 'It holds another Redis type. Remove or rename that key, or set a key_prefix.',
  ],
  [/^ERR .*(not a valid float|exceeds maximum allowed size)/, 'record', () => 'It is too large for Redis.'],
  // Every new connection loads the scripts again.
  [/^NOSCRIPT/, 'again', (where) => `Redis at ${where} was made to forget its scripts (SCRIPT FLUSH).`],
  [/^LOADING/, 'again', (where) => `Redis at ${where} is still loading its data into memory.`],
  [/^READONLY/, 'again', (where) => `Redis at ${where} is a read-only replica. Connect to its master.`],
  [/^UNBLOCKED/, 'again', (where) => `Redis at ${where} has become a replica.`],
  [
    /^(MOVED|ASK) /,
    'stop',
    (where) => `Redis at ${where} is a node of a cluster. Set deployment to mode cluster, with its nodes.`,
  ],
  [
    /cluster support disabled/,
    'stop',
    (where) => `Redis at ${where} is not a cluster. Set deployment to mode standalone.`,
  ],
  [
    /^ERR WAITAOF cannot be used/,
    'stop',
    (where) =>
      `durability: fsync waits for the log on disk, and Redis at ${where} has none. Set appendonly to yes there, or ` +
      'choose another durability.',
  ],
  [/^MASTERDOWN/, 'again', (where) => `Redis at ${where} is a replica that has lost its master.`],
  [/^OOM/, 'again', (where) => `Redis at ${where} is full (maxmemory). Give it more memory, or remove data.`],
  [/^NOREPLICAS/, 'again', (where) => `Redis at ${where} refuses writes as too few replicas are connected.`],
  [
    /^MISCONF/,
    'again',
    (where) => `Redis at ${where} refuses writes as it cannot save to disk. Look at its log and its disk.`,
  ],
  [/^(BUSY|TRYAGAIN|CLUSTERDOWN)/, 'again', (where) => `Redis at ${where} is busy or being reorganised.`],
  [/max number of clients/, 'again', (where) => `Redis at ${where} has no connection left (maxclients).`],
  [
    /^WRONGPASS|invalid password|invalid username-password/i,
    'stop',
    (where) => `Redis at ${where} refuses the login. Check username and password.`,
  ],
  [
    /^NOAUTH/,
    'stop',
    (where) => `Redis at ${where} wants a password. Set password (and username, if it has users).`,
  ],
  [
    /without any password configured|no password is set/,
    'stop',
    (where) => `Redis at ${where} has no password. Leave password empty.`,
  ],
  [
    /DB index|SELECT is not allowed in cluster/i,
    'stop',
    (where) =>
      `Redis at ${where} has no such database. Check database; most servers have 0 to 15, clusters only 0.`,
  ],
  [
    /NOPERM/,
    'stop',
    (where, reply) =>
      `The user may not ${notAllowed(reply)}, which the sync needs on Redis at ${where}. Ask for that permission ` +
      '(ACL SETUSER).',
  ],
]

/** What may be missed on servers that are in use, and since when Redis has it. */
const NEWER_COMMANDS: Record<string, string> = { XADD: '5.0', WAIT: '3.0', WAITAOF: '7.2' }

function notKnown(where: Where, message: string): string {
  const [, name = ''] = UNKNOWN_COMMAND.exec(message.toUpperCase()) ?? []
  const since = NEWER_COMMANDS[name]
  return (
    `Redis at ${where} does not know ${name}, which the sync needs. ` +
    (since === undefined
      ? 'Its provider has taken the command away, or it is too old.'
      : `Redis has it from version ${since} on, unless a provider has taken it away.`)
  )
}

/** What sockets and name servers report, by error code. */
const NETWORK_RULES: Record<string, (where: Where) => string> = {
  ENOTFOUND: (where) => `The host of ${where} is not known. Check host.`,
  EAI_AGAIN: (where) => `The host of ${where} could not be looked up. Check host, and the name server.`,
  ECONNREFUSED: (where) => `Nothing listens at ${where}. Check host and port, and that Redis runs.`,
  EHOSTUNREACH: (where) => `${where} cannot be reached. Check host, and the network in between.`,
  ENETUNREACH: (where) => `${where} cannot be reached. Check host, and the network in between.`,
  // Of a Unix socket. Redis removes it when it ends.
  ENOENT: (where) =>
    `There is no socket at ${where}. Check the path in url, and that Redis runs (unixsocket).`,
  EACCES: (where) => `The socket ${where} may not be opened. Check its permissions (unixsocketperm).`,
  ETIMEDOUT: (where) => `${where} does not answer. Check host and port, and firewalls in between.`,
}

export function classify(error: unknown, where: Where): Classification {
  if (error instanceof TransientError) return { handling: 'again', error }
  if (error instanceof ConfigError || error instanceof SystemError) return { handling: 'stop', error }
  if (error instanceof ProtocolError)
    return {
      handling: 'stop',
      error: new ConfigError(`What answers at ${where} is not Redis. Check host and port.`),
    }
  if (isReplyError(error)) return classifyReply(error.message, where)
  return judgeNetwork((error as NodeJS.ErrnoException).code, where, error)
}

/** How servers before Redis 7 wrap what a command answered within a script. */
const IN_SCRIPT = /^ERR Error running script \(call to \w+\): @user_script: ?\d+: -?/

/** How a server refuses to run a transaction whose commands it has taken. */
const IN_EXEC = /^EXECABORT [^:]*: -?/

/** Judges the text of an error reply. */
export function classifyReply(reply: string, where: Where): Classification {
  const message = reply.replace(IN_SCRIPT, '').replace(IN_EXEC, '')
  for (const [pattern, handling, sentence] of REPLY_RULES) {
    if (!pattern.test(message)) continue
    const text = sentence(where, message)
    return handling === 'again'
      ? { handling, error: new TransientError(text) }
      : { handling, error: new ConfigError(text) }
  }
  return {
    handling: 'stop',
    error: new SystemError(`Redis at ${where} answered: ${withoutArguments(message)}`),
  }
}

function notAllowed(reply: string): string {
  const [, command] = /run the '([\w|-]+)' command/.exec(reply) ?? []
  if (command !== undefined) return `run ${command.toUpperCase().replace('|', ' ')}`
  return / access (a|one of the) key/.test(reply) ? 'use a key' : 'run a command, or use a key'
}

function judgeNetwork(code: string | undefined, where: Where, cause: unknown): Classification {
  // Some refusals come behind the handshake, when the connection is in use already.
  const problem = tlsProblem(cause, where)
  if (problem !== undefined) return { handling: 'stop', error: problem }
  const sentence = NETWORK_RULES[code ?? '']?.(where) ?? `The connection to ${where} was lost.`
  return { handling: 'again', error: new TransientError(sentence, { cause }) }
}

/** The server repeats what it was sent when it does not know a command; that may be record data. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:.*/s, '').slice(0, 200)
}
