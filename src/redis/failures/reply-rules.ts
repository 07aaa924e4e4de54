/** What the error replies of Redis mean: for each, whether a retry helps, and the problem for the operator. */
import type { Deployment } from '../../config/settings/config.ts'
import { problem, type Problem } from '../../errors.ts'
import { listOr } from '../../wording.ts'
import { aclRuleOf, refusedCommands, type ScriptTexts } from './refused-commands.ts'
import {
  clusterReorganised,
  hasNoAppendOnlyFile,
  isClusterNode,
  isNoClusterNode,
  serverBusy,
  serverProblem,
} from './server-problem.ts'
import type { Where } from '../transport/address.ts'

/** `record`: only this record is refused. `retry`: it may work later. `stop`: only the operator can help. */
export type Handling = 'record' | 'retry' | 'stop'

/** The server that answered. */
export interface ReplySource {
  readonly where: Where
  /** Of a cluster, a redirection means that keys move; elsewhere, that `deployment` is wrong. */
  readonly deployment?: Deployment['kind'] | undefined
  /** The scripts that the server has loaded. */
  readonly scripts?: ScriptTexts | undefined
}

interface ReplyRule {
  readonly pattern: RegExp
  readonly handling: Handling
  /** The deployment that the rule is for; undefined for every one. */
  readonly deployment?: Deployment['kind']
  readonly describe: (source: ReplySource, reply: string) => Problem
}

/** Returns the first rule that fits, in the order below. */
export function ruleFor(reply: string, deployment: ReplySource['deployment']): ReplyRule | undefined {
  return RULES.find(
    (rule) => (rule.deployment === undefined || rule.deployment === deployment) && rule.pattern.test(reply),
  )
}

const RULES: readonly ReplyRule[] = [
  {
    pattern: /^ERR unknown command|Unknown Redis command called from/i,
    handling: 'stop',
    describe: unknownCommand,
  },
  {
    pattern: /^WRONGTYPE/,
    handling: 'record',
    describe: () =>
      problem(
        'key-type-differs',
        'The key holds another Redis type. Remove or rename that key, or set a key_prefix.',
        { options: ['key_prefix'] },
      ),
  },
  {
    pattern: /^ERR .*(not a valid float|exceeds maximum allowed size)/,
    handling: 'record',
    describe: () => problem('value-too-large', 'The value is too large for Redis.'),
  },
  {
    // The server closes the connection behind it. What was too long for it is found by sending it alone.
    pattern: /^ERR Protocol error/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'protocol-error', 'has closed the connection, as it cannot take what it was sent'),
  },
  {
    // Every new connection loads the scripts again.
    pattern: /^NOSCRIPT/,
    handling: 'retry',
    describe: ({ where }) => serverProblem(where, 'scripts-flushed', 'has lost its scripts (SCRIPT FLUSH)'),
  },
  {
    pattern: /^LOADING/,
    handling: 'retry',
    describe: ({ where }) => serverProblem(where, 'server-loading', 'is still loading its data into memory'),
  },
  {
    pattern: /^READONLY/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'server-is-replica', 'is a read-only replica', 'Connect to its master.'),
  },
  {
    // UNBLOCKED where it waited already.
    pattern: /^UNBLOCKED|^ERR WAIT(AOF)? cannot be used with replica/,
    handling: 'retry',
    describe: ({ where }) => serverProblem(where, 'server-demoted', 'has become a replica'),
  },
  {
    pattern: /^(MOVED|ASK) /,
    deployment: 'cluster',
    handling: 'retry',
    describe: ({ where }) => clusterReorganised(where),
  },
  { pattern: /^(MOVED|ASK) /, handling: 'stop', describe: ({ where }) => isClusterNode(where) },
  {
    pattern: /^TRYAGAIN/,
    handling: 'retry',
    describe: ({ where }) => clusterReorganised(where),
  },
  {
    pattern: /^CLUSTERDOWN/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'cluster-down', 'reports that its cluster is down (CLUSTERDOWN)'),
  },
  {
    pattern: /cluster support disabled/,
    handling: 'stop',
    describe: ({ where }) => isNoClusterNode(where),
  },
  {
    pattern: /^ERR WAITAOF cannot be used/,
    handling: 'stop',
    describe: ({ where }) => hasNoAppendOnlyFile(where),
  },
  {
    pattern: /^MASTERDOWN/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'master-link-down', 'is a replica that has lost its master'),
  },
  {
    pattern: /^OOM/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'memory-full', 'is full (maxmemory)', 'Give it more memory, or remove data.'),
  },
  {
    pattern: /^NOREPLICAS/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(
        where,
        'too-few-replicas',
        'refuses writes, as too few replicas are connected (min-replicas-to-write)',
      ),
  },
  {
    pattern: /^MISCONF/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(
        where,
        'snapshot-failed',
        'refuses writes, as it cannot save to disk',
        'Look at its log and its disk.',
      ),
  },
  { pattern: /^BUSY/, handling: 'retry', describe: ({ where }) => serverBusy(where) },
  {
    pattern: /max number of clients/,
    handling: 'retry',
    describe: ({ where }) =>
      serverProblem(where, 'too-many-clients', 'accepts no more connections (maxclients)'),
  },
  {
    pattern: /^WRONGPASS|invalid password|invalid username-password/i,
    handling: 'stop',
    describe: ({ where }) =>
      serverProblem(where, 'login-refused', 'refuses the login', 'Check username and password.', [
        'username',
        'password',
      ]),
  },
  {
    pattern: /^NOAUTH/,
    handling: 'stop',
    describe: ({ where }) =>
      serverProblem(
        where,
        'password-missing',
        'requires a password',
        'Set password (and username, if it has users).',
        ['password', 'username'],
      ),
  },
  {
    pattern: /without any password configured|no password is set/,
    handling: 'stop',
    describe: ({ where }) =>
      serverProblem(where, 'password-not-expected', 'has no password', 'Leave password empty.', ['password']),
  },
  {
    pattern: /DB index|SELECT is not allowed in cluster/i,
    handling: 'stop',
    describe: ({ where }) =>
      serverProblem(
        where,
        'database-unknown',
        'has no such database',
        'Check database; most servers have 0 to 15, clusters only 0.',
        ['database'],
      ),
  },
  // Before Redis 7.2, a denial within a script names neither NOPERM nor the command.
  { pattern: /NOPERM|user executing the script can't/, handling: 'stop', describe: missingPermission },
]

/** Commands that servers in use may not have, and the first version of Redis that has them. */
const NEWER_COMMANDS: Readonly<Record<string, string>> = { XADD: '5.0', WAIT: '3.0', WAITAOF: '7.2' }

function unknownCommand({ where, scripts }: ReplySource, reply: string): Problem {
  const commands = refusedCommands(reply, scripts)
  const command = commands.length === 0 ? 'a command of a script' : listOr(commands)
  const since = NEWER_COMMANDS[command]
  const remedy =
    since === undefined
      ? 'The provider disables this command, or the server is too old.'
      : `Redis has it since version ${since}, unless a provider disables it.`
  const sentence = `Redis at ${where} does not have ${command}, which the sync needs. ${remedy}`
  return problem('command-missing', sentence, { params: { where, command } })
}

function missingPermission({ where, scripts }: ReplySource, reply: string): Problem {
  if (/ access (a|one of the|at least one of the) key/.test(reply))
    return problem(
      'key-denied',
      `The user may not use a key that the sync needs on Redis at ${where}. Allow it (ACL SETUSER).`,
      { options: ['username'], params: { where } },
    )
  const commands = refusedCommands(reply, scripts)
  const what = commands.length === 0 ? 'a command' : listOr(commands)
  const rules = commands.length === 0 ? '' : ` with ${listOr(commands.map(aclRuleOf))}`
  return problem(
    'command-denied',
    `The connector needs ${what} on Redis at ${where}, and the user may not run it. Allow it (ACL SETUSER${rules}).`,
    {
      options: ['username'],
      params: { where, ...(commands.length === 0 ? {} : { command: commands.join(' ') }) },
    },
  )
}
