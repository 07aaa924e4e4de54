/** Decides for every error whether to retry, to blame the record, or to stop, and says why to the operator. */
import {
  ConfigError,
  problem,
  SystemError,
  TransientError,
  type ConnectorError,
  type Problem,
} from '../../errors.ts'
import { ProtocolError } from '../resp/protocol-error.ts'
import { protocolProblem } from './protocol-problem.ts'
import { networkProblem, redisTarget } from '../transport/network-errors.ts'
import { tlsProblem } from '../transport/tls-problem.ts'
import { isReplyError, sentCommandOf } from './reply-error.ts'
import { unexpectedReply, type SentCommand } from './unexpected-reply.ts'
import { ruleFor, type Handling, type ReplySource } from './reply-rules.ts'
import type { Where } from '../transport/address.ts'

export type Classification =
  | { handling: 'retry'; error: TransientError }
  | { handling: Exclude<Handling, 'retry'>; error: ConnectorError }

/** Classifies an error of a command or a connection. Errors of ours have been classified before, and stay as they are. */
export function classify(error: unknown, source: ReplySource | Where): Classification {
  const from = sourceOf(source)
  if (error instanceof TransientError) return { handling: 'retry', error }
  if (error instanceof ConfigError || error instanceof SystemError) return { handling: 'stop', error }
  if (error instanceof ProtocolError) return classify(protocolProblem(error, from.where), source)
  return isReplyError(error)
    ? classifyReply(error.message, from, sentCommandOf(error))
    : classifyNetwork(error, from.where)
}

/** How servers before Redis 7 wrap the error of a command in a script. */
const IN_SCRIPT = /^ERR Error running script \(call to \w+\): @user_script: ?\d+: -?/

/** How a server refuses to run a transaction whose commands it has queued. */
const IN_EXEC = /^EXECABORT [^:]*: -?/

/** Classifies the text of an error reply to a command. */
export function classifyReply(
  reply: string,
  source: ReplySource | Where,
  command?: SentCommand,
): Classification {
  const from = sourceOf(source)
  const message = reply.replace(IN_SCRIPT, '').replace(IN_EXEC, '')
  const rule = ruleFor(message, from.deployment)
  if (rule === undefined)
    return { handling: 'stop', error: new SystemError(unexpectedReply(from.where, message, command)) }
  // The wrapping says in which script and line a denied command stands.
  const described = rule.describe(from, reply)
  return rule.handling === 'retry'
    ? { handling: 'retry', error: new TransientError(described) }
    : { handling: rule.handling, error: new ConfigError(described) }
}

function sourceOf(source: ReplySource | Where): ReplySource {
  return typeof source === 'string' ? { where: source } : source
}

function classifyNetwork(cause: unknown, where: Where): Classification {
  // A server may refuse TLS after the handshake, when the connection is in use already.
  const refusal = tlsProblem(cause, where)
  if (refusal !== undefined) return { handling: 'stop', error: refusal }
  const { code } = cause as NodeJS.ErrnoException
  const reason = networkProblem(code, redisTarget(where)) ?? connectionLost(where)
  return { handling: 'retry', error: new TransientError(reason, { cause }) }
}

function connectionLost(where: Where): Problem {
  return problem('connection-lost', `The connection to ${where} was lost.`, { params: { where } })
}
