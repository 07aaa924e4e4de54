/** Says why no sentinel names a master. */
import {
  ConfigError,
  ConnectorError,
  TransientError,
  messageOf,
  problem,
  type Problem,
} from '../../errors.ts'
import { shownName } from '../../shown-text.ts'
import { listAnd } from '../../wording.ts'
import { ProtocolError } from '../resp/protocol-error.ts'
import { protocolProblem } from '../failures/protocol-problem.ts'
import { isReplyError } from '../failures/reply-error.ts'
import { networkReason } from '../transport/network-errors.ts'
import type { SentinelAnswer, SentinelDeployment } from './ask-sentinel.ts'

interface Rule {
  readonly pattern: RegExp
  readonly code: string
  readonly options: readonly string[]
  readonly sentence: (where: string) => string
}

const NODES = 'deployment.nodes'
const USERNAME = 'deployment.sentinel_username'
const PASSWORD = 'deployment.sentinel_password'
const MASTER_NAME = 'deployment.master_name'

/** By the error reply of a sentinel, or of a server that was taken for one. */
const RULES: readonly Rule[] = [
  {
    pattern: /^NOAUTH/,
    code: 'sentinel-password-missing',
    options: [PASSWORD, USERNAME],
    sentence: (where) =>
      `The sentinel at ${where} requires a password. Set ${PASSWORD} (and ${USERNAME}, if it has users); password is ` +
      'for the data servers only.',
  },
  {
    pattern: /^WRONGPASS|invalid password|invalid username-password/i,
    code: 'sentinel-login-refused',
    options: [USERNAME, PASSWORD],
    sentence: (where) =>
      `The sentinel at ${where} refuses the login. Check ${listAnd([USERNAME, PASSWORD])}.`,
  },
  {
    pattern: /without any password configured|no password is set|unknown command .?AUTH/i,
    code: 'sentinel-password-not-expected',
    options: [PASSWORD],
    sentence: (where) => `The sentinel at ${where} has no password. Leave ${PASSWORD} empty.`,
  },
  {
    pattern: /^NOPERM/,
    code: 'sentinel-command-denied',
    options: [USERNAME],
    sentence: (where) =>
      `The sentinel at ${where} does not let the user ask for the master. Allow ${USERNAME} the command ` +
      'SENTINEL get-master-addr-by-name.',
  },
  {
    pattern: /^ERR unknown command/i,
    code: 'server-is-no-sentinel',
    options: [NODES, 'deployment'],
    sentence: (where) =>
      `The server at ${where} is Redis, not a sentinel. ${NODES} contains the sentinels, which mostly have port 26379; ` +
      'for a single server set deployment to standalone, with its host and port.',
  },
]

/** Returns a mistake in the configuration if there is one, else why the sentinels could not be asked. */
export function sentinelProblem(
  answers: readonly SentinelAnswer[],
  deployment: SentinelDeployment,
): ConnectorError {
  const failures = answers.filter((answer) => answer.kind === 'failed')
  const mistake = failures
    .map(({ error, where }) => mistakeIn(error, where))
    .find((error) => error !== undefined)
  if (mistake !== undefined) return mistake
  const unknown = answers.filter((answer) => answer.kind === 'unknown')
  if (unknown.length > 0)
    return new ConfigError(
      unknownName(
        unknown.flatMap(({ names }) => names),
        deployment.masterName,
      ),
    )
  const reasons = failures.map(({ where, error }) => `${where} (${reasonOf(error)})`)
  return new TransientError(
    problem(
      'sentinels-unreachable',
      `None of the sentinels can be asked for the master: ${listAnd(reasons)}. Check ${NODES}, and firewalls in between.`,
      { options: [NODES], params: { sentinels: listAnd(failures.map(({ where }) => where)) } },
    ),
    { cause: failures[0]?.error },
  )
}

function mistakeIn(error: unknown, where: string): ConnectorError | undefined {
  if (error instanceof ConnectorError) return error instanceof TransientError ? undefined : error
  if (error instanceof ProtocolError && error.violation !== 'not RESP') {
    const found = protocolProblem(error, where)
    return found instanceof TransientError ? undefined : found
  }
  if (error instanceof ProtocolError)
    return new ConfigError(
      problem('not-a-sentinel', `The server at ${where} is not a sentinel. Check ${NODES}.`, {
        options: [NODES],
        params: { where },
      }),
      { cause: error },
    )
  if (!isReplyError(error)) return undefined
  const rule = RULES.find(({ pattern }) => pattern.test(error.message))
  return (
    rule &&
    new ConfigError(problem(rule.code, rule.sentence(where), { options: rule.options, params: { where } }), {
      cause: error,
    })
  )
}

function unknownName(names: readonly string[], masterName: string): Problem {
  const watched = listAnd([...new Set(names)].map((name) => `"${shownName(name)}"`))
  const remedy =
    watched === ''
      ? 'They do not report the names of any others.'
      : `Set ${MASTER_NAME} to one of theirs: ${watched}.`
  return problem('master-name-unknown', `The sentinels watch no master "${masterName}". ${remedy}`, {
    options: [MASTER_NAME],
    params: { master: masterName, watched },
  })
}

function reasonOf(error: unknown): string {
  if (isReplyError(error)) return 'it answers with an error'
  if (error instanceof ProtocolError) return 'it does not answer as Redis does'
  if (error instanceof ConnectorError) return (error.problem?.sentence ?? messageOf(error)).replace(/\.$/, '')
  return networkReason((error as NodeJS.ErrnoException).code) ?? 'the connection was lost'
}
