/** Takes the steps that a run would take, and tells which of them a user may not take, or a server does not know. */
import type { OpenConnection } from '../session/open-connection.ts'
import { listAnd } from '../../wording.ts'
import { type Finding } from './finding.ts'
import { isKeyDenied } from './key-checks.ts'
import type { CommandProbe, CommandRequirement, ProbeKeys } from '../commands/command-probe.ts'
import { classify } from '../failures/error-classifier.ts'

export interface Abilities {
  /** Needed by every sync with this configuration. */
  readonly required: readonly CommandRequirement[]
  /** Needed in some sync modes; which of them will be used is not known to a check. */
  readonly wanted: readonly CommandRequirement[]
}

/** What a server said to the steps of a need that it did not take. */
interface Refused {
  denied: string[]
  unknown: string[]
}

const NOT_ALLOWED = /^(EXECABORT .*)?NOPERM/
const NOT_KNOWN = /^ERR unknown (sub)?command/i

/** What the server says to any write, or to any command, as it is now. */
const STATE = /^(LOADING|READONLY|OOM|MISCONF|NOREPLICAS|CLUSTERDOWN|MASTERDOWN|MOVED|BUSY|NOAUTH)\b/

/** The steps are all sent at once, as a far server takes its time for each answer. */
export async function tryOut(
  server: OpenConnection,
  { required, wanted }: Abilities,
  keys: ProbeKeys,
  user: string,
): Promise<Finding[]> {
  const needs = [...required, ...wanted]
  const taken = needs.flatMap((need) =>
    need.probes(keys, server.capabilities).map((step) => ({ need, step, answer: answerTo(server, step) })),
  )
  const refused = new Map(
    needs.map((need): [CommandRequirement, Refused] => [need, { denied: [], unknown: [] }]),
  )
  const named = new Set<string>()
  const others = new Map<string, Finding>()
  for (const { need, step, answer } of taken) {
    const reply = await answer
    // One problem has others behind it: what could not be written cannot be read.
    const isFirst = named.size + others.size === 0
    if (typeof reply === 'string') {
      if (isFirst && !isExpected(step, reply)) others.set('answer', unexpected(step))
    } else if (isKeyDenied(reply.message)) others.set('key', keyDenied(keys.key, user))
    else if (NOT_ALLOWED.test(reply.message)) note(refused.get(need)!.denied, step, named)
    else if (NOT_KNOWN.test(reply.message)) note(refused.get(need)!.unknown, step, named)
    else if (isFirst || STATE.test(reply.message)) others.set(reply.message.split(' ')[0]!, refusal(reply))
  }
  const isRequired = (need: CommandRequirement): boolean => required.includes(need)
  const findings = [
    ...needs.flatMap((need) => findingsOf(need, refused.get(need)!, isRequired(need), user)),
    ...others.values(),
  ]
  // Each step has cleared up behind itself, where all of them worked.
  if (findings.length > 0)
    await Promise.allSettled(
      Object.values(keys).flatMap((key: string) => [server.call('DEL', key), server.call('PEXPIRE', key, 1)]),
    )
  return findings
}

function answerTo(server: OpenConnection, { command, args }: CommandProbe): Promise<string | Error> {
  return server.call(command, ...args).then(String, (error: unknown) => error as Error)
}

function isExpected({ expected }: CommandProbe, reply: string): boolean {
  return typeof expected === 'string' ? reply === expected : expected.test(reply)
}

function note(names: string[], { name }: CommandProbe, named: Set<string>): void {
  if (!named.has(name)) names.push(name)
  named.add(name)
}

function findingsOf(
  { neededFor }: CommandRequirement,
  { denied, unknown }: Refused,
  isRequired: boolean,
  user: string,
): Finding[] {
  const level = isRequired ? 'FAILED' : 'WARN'
  const findings: Finding[] = []
  if (denied.length > 0)
    findings.push({
      level,
      say: (where) =>
        `The user may not run ${listAnd(denied)} on Redis at ${where}, which ${neededFor} needs. ` +
        `Allow it (ACL SETUSER ${user} ${denied.map(permissionFor).join(' ')}).`,
    })
  if (unknown.length > 0)
    findings.push({
      level,
      say: (where) =>
        `Redis at ${where} does not know ${listAnd(unknown)}, which ${neededFor} needs. ` +
        'It is too old for it, or its provider has taken the command away.',
    })
  return findings
}

/** As ACL SETUSER takes it. */
function permissionFor(name: string): string {
  return name === 'XADD NOMKSTREAM' ? '+xadd' : `+${name.toLowerCase().replace(' ', '|')}`
}

function keyDenied(key: string, user: string): Finding {
  const own = key.replace(/_airbyte:.*$/s, '_airbyte:*')
  return {
    level: 'FAILED',
    say: (where) =>
      `The user may not use keys like ${own} on Redis at ${where}, where the connector takes its notes. ` +
      `Allow it (ACL SETUSER ${user} ~${own}).`,
  }
}

function unexpected({ name }: CommandProbe): Finding {
  return {
    level: 'FAILED',
    say: (where) => `${name} does not work: Redis at ${where} did not answer as expected. Is it a proxy?`,
  }
}

function refusal(error: Error): Finding {
  return { level: 'FAILED', isState: true, say: (where) => classify(error, where).error.message }
}
