/** Runs the commands that a sync would run, on keys of its own, to find those that are denied or missing. */
import type { OpenConnection } from '../session/open-connection.ts'
import { listAnd } from '../../wording.ts'
import { failure, finding, type Finding, type Level } from './finding.ts'
import { aclRuleOf } from '../failures/refused-commands.ts'
import { isKeyDenied } from './key-checks.ts'
import type { CommandProbe, CommandRequirement, ProbeKeys } from '../commands/command-probe.ts'
import type { Deployment } from '../../config/settings/config.ts'

export interface PermissionRequest {
  /** Needed by every sync with the configuration. */
  readonly required: readonly CommandRequirement[]
  /** Needed in some sync modes only; a check does not know which of them will be used. */
  readonly optional: readonly CommandRequirement[]
  /** The keys that the connector uses for itself, as a pattern for ACL SETUSER. */
  readonly ownKeys: string
  readonly deployment: Deployment['kind']
}

/** The commands of a requirement that the server refused. */
interface Refused {
  denied: string[]
  unknown: string[]
}

const DENIED = /^(EXECABORT .*)?NOPERM/
const UNKNOWN = /^ERR unknown (sub)?command/i

/** Replies to any write, or to any command, in a state of the server. */
const STATE = /^(LOADING|READONLY|OOM|MISCONF|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|MOVED|BUSY|NOAUTH)\b/

/** Sends all commands at once, as each round trip to a distant server takes time. */
export async function checkPermissions(
  server: OpenConnection,
  { required, optional, ownKeys, deployment }: PermissionRequest,
  keys: ProbeKeys,
  user: string,
): Promise<Finding[]> {
  const requirements = [...required, ...optional]
  const sent = requirements.flatMap((requirement) =>
    requirement
      .probes(keys, server.capabilities)
      .map((probe) => ({ requirement, probe, reply: replyTo(server, probe) })),
  )
  const refused = new Map(
    requirements.map((requirement): [CommandRequirement, Refused] => [
      requirement,
      { denied: [], unknown: [] },
    ]),
  )
  const named = new Set<string>()
  const others = new Map<string, Finding>()
  const add = (names: string[], { name }: CommandProbe): void => {
    if (!named.has(name)) names.push(name)
    named.add(name)
  }
  for (const { requirement, probe, reply: pending } of sent) {
    const reply = await pending
    // One refusal leads to others: a value that could not be written cannot be read.
    const isFirst = named.size + others.size === 0
    if (typeof reply === 'string') {
      if (isFirst && !isExpected(probe, reply)) others.set('answer', unexpectedAnswer(probe))
    } else if (isKeyDenied(reply.message)) others.set('key', ownKeysDenied(ownKeys, user))
    else if (DENIED.test(reply.message)) add(refused.get(requirement)!.denied, probe)
    else if (UNKNOWN.test(reply.message)) add(refused.get(requirement)!.unknown, probe)
    else if (isFirst || STATE.test(reply.message))
      others.set(reply.message.split(' ')[0]!, { ...failure(reply, deployment), isState: true })
  }
  const findings = [
    ...requirements.flatMap((requirement) =>
      findingsOf(
        requirement,
        refused.get(requirement)!,
        required.includes(requirement) ? 'FAILED' : 'WARN',
        user,
      ),
    ),
    ...others.values(),
  ]
  // The probes remove their keys themselves if all of them work.
  if (findings.length > 0)
    await Promise.allSettled(
      Object.values(keys).flatMap((key: string) => [server.call('DEL', key), server.call('PEXPIRE', key, 1)]),
    )
  return findings
}

function replyTo(server: OpenConnection, { command, args }: CommandProbe): Promise<string | Error> {
  return server.call(command, ...args).then(String, (error: unknown) => error as Error)
}

function isExpected({ expected }: CommandProbe, reply: string): boolean {
  return typeof expected === 'string' ? reply === expected : expected.test(reply)
}

function findingsOf(
  { neededFor }: CommandRequirement,
  { denied, unknown }: Refused,
  level: Level,
  user: string,
): Finding[] {
  const findings: Finding[] = []
  if (denied.length > 0)
    findings.push(
      finding(
        level,
        'command-denied',
        (where) =>
          `The user may not run ${listAnd(denied)} on Redis at ${where}, which ${neededFor} needs. ` +
          `Allow it (ACL SETUSER ${user} ${denied.map(permissionFor).join(' ')}).`,
        { options: ['username'], params: { commands: denied.join(', ') } },
      ),
    )
  if (unknown.length > 0)
    findings.push(
      finding(
        level,
        'command-missing',
        (where) =>
          `Redis at ${where} does not have ${listAnd(unknown)}, which ${neededFor} needs. ` +
          'The provider disables this command, or the server is too old.',
        { params: { commands: unknown.join(', ') } },
      ),
    )
  return findings
}

/** Returns the rule for ACL SETUSER. */
function permissionFor(name: string): string {
  return name === 'XADD NOMKSTREAM' ? '+xadd' : aclRuleOf(name)
}

function ownKeysDenied(ownKeys: string, user: string): Finding {
  return finding(
    'FAILED',
    'own-keys-denied',
    (where) =>
      `The user may not use keys like ${ownKeys} on Redis at ${where}, where the connector keeps its metadata. ` +
      `Allow it (ACL SETUSER ${user} ~${ownKeys}).`,
    { options: ['username'], params: { keys: ownKeys } },
  )
}

function unexpectedAnswer({ name }: CommandProbe): Finding {
  return finding(
    'FAILED',
    'command-broken',
    (where) =>
      `${name} does not work: Redis at ${where} did not answer as expected. A proxy in between may not support this command.`,
    { params: { command: name } },
  )
}
