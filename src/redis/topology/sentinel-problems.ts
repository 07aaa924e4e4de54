/** What it means that no sentinel names a master, in a sentence for the operator. */
import { ConfigError, ConnectorError, TransientError, messageOf } from '../../errors.ts'
import { ProtocolError } from '../resp/reply-reader.ts'
import type { Answer } from './sentinel-answer.ts'
import { isReplyError } from '../failures/reply-error.ts'
import type { SentinelDeployment } from './sentinel-answer.ts'

type Rule = readonly [pattern: RegExp, sentence: (where: string) => string]

/** What sentinels, or what was taken for one, answer. */
const RULES: readonly Rule[] = [
  [
    /^NOAUTH/,
    (where) =>
      `The sentinel at ${where} wants a password. Set deployment.sentinel_password (and ` +
      'deployment.sentinel_username, if it has users); password is for the data only.',
  ],
  [
    /^WRONGPASS|invalid password|invalid username-password/i,
    (where) =>
      `The sentinel at ${where} refuses the login. Check deployment.sentinel_username and ` +
      'deployment.sentinel_password.',
  ],
  [
    /without any password configured|no password is set|unknown command .?AUTH/i,
    (where) => `The sentinel at ${where} has no password. Leave deployment.sentinel_password empty.`,
  ],
  [
    /^NOPERM/,
    (where) =>
      `The sentinel at ${where} does not let the user ask for the master. Allow deployment.sentinel_username ` +
      'the command SENTINEL get-master-addr-by-name.',
  ],
  [
    /^ERR unknown command/i,
    (where) =>
      `What listens at ${where} is a Redis server, not a sentinel. deployment.nodes are the sentinels, which mostly ` +
      'have port 26379; for a single server set deployment to standalone, with its host and port.',
  ],
]

/** How a sentinel could not be reached, by error code. */
const UNREACHABLE: Record<string, string> = {
  ENOTFOUND: 'is not a known host',
  EAI_AGAIN: 'could not be looked up',
  ECONNREFUSED: 'has nothing listening',
  ETIMEDOUT: 'does not answer',
}

/** What the operator has to mend comes before what may mend itself. */
export function noMaster(answers: readonly Answer[], deployment: SentinelDeployment): ConnectorError {
  const failures = answers.filter((answer) => answer.kind === 'failed')
  const mistake = failures
    .map(({ error, where }) => mistakeIn(error, where))
    .find((error) => error !== undefined)
  if (mistake !== undefined) return mistake
  const unknown = answers.filter((answer) => answer.kind === 'unknown')
  if (unknown.length > 0)
    return unknownName(
      unknown.flatMap(({ names }) => names),
      deployment.masterName,
    )
  const reasons = failures.map(({ where, error }) => reasonIn(where, error))
  return new TransientError(
    `None of the sentinels in deployment.nodes can be asked for the master: ${reasons.join('; ')}. ` +
      'Check deployment.nodes, and firewalls in between.',
    { cause: failures[0]?.error },
  )
}

function mistakeIn(error: unknown, where: string): ConnectorError | undefined {
  if (error instanceof ConnectorError) return error instanceof TransientError ? undefined : error
  if (error instanceof ProtocolError)
    return new ConfigError(`What listens at ${where} is not a sentinel. Check deployment.nodes.`)
  if (!isReplyError(error)) return undefined
  const sentence = RULES.find(([pattern]) => pattern.test(error.message))?.[1]
  return sentence && new ConfigError(sentence(where), { cause: error })
}

function unknownName(names: readonly string[], masterName: string): ConfigError {
  const known = [...new Set(names)].map((name) => `"${name}"`).join(', ')
  return new ConfigError(
    known === ''
      ? `The sentinels watch no master "${masterName}" (deployment.master_name), and do not tell of any other.`
      : `The sentinels watch no master "${masterName}". Set deployment.master_name to one of theirs: ${known}.`,
  )
}

function reasonIn(where: string, error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException
  if (isReplyError(error)) return `${where} answers ${error.message.slice(0, 100)}`
  if (error instanceof ConnectorError) return messageOf(error).replace(/\.$/, '')
  return `${where} ${UNREACHABLE[code] ?? 'cannot be reached'}`
}
