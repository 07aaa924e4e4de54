/** Runs all checks on what a server reports about itself. They are pure. */
import { isClusterNode, isNoClusterNode } from '../failures/server-problem.ts'
import { checkDurability, checkPersistence } from './persistence-checks.ts'
import type { ServerInfo } from './server-info.ts'
import { listAnd } from '../../wording.ts'
import { finding, type Expectations, type Finding, type ServerCheck } from './finding.ts'
import { checkEviction, checkMemory } from './memory-checks.ts'

export function checkServer(server: ServerInfo, expected: Expectations): Finding[] {
  const checks: ServerCheck[] = isSentinel(server)
    ? [checkRole]
    : [
        checkRole,
        checkMemory,
        checkEviction,
        checkPersistence,
        checkDurability,
        checkExpiry,
        checkClientCommands,
        checkVisibility,
      ]
  return checks.flatMap((check) => check(server, expected))
}

export function isSentinel({ info }: ServerInfo): boolean {
  return info?.get('redis_mode') === 'sentinel'
}

const checkRole: ServerCheck = (server, { deployment }) => {
  const { info } = server
  if (isSentinel(server))
    return [
      unusable(
        finding(
          'FAILED',
          'server-is-sentinel',
          (where) =>
            `${where} is a sentinel, which holds no data. Set deployment to sentinel, with it among the nodes and ` +
            'the master_name that it watches.',
          { options: ['deployment'] },
        ),
      ),
    ]
  const isNode = info?.get('cluster_enabled') === '1' || info?.get('redis_mode') === 'cluster'
  if (isNode && deployment !== 'cluster') return [unusable({ level: 'FAILED', problem: isClusterNode })]
  if (info !== undefined && !isNode && deployment === 'cluster')
    return [unusable({ level: 'FAILED', problem: isNoClusterNode })]
  if (info?.get('role') !== 'slave') return []
  const [host, port] = [info.get('master_host'), info.get('master_port')]
  const master = host === undefined ? '' : ` at ${host}:${port}`
  return [
    unusable(
      finding(
        'FAILED',
        'server-is-replica',
        (where) => `Redis at ${where} is a read-only replica. Connect to its master${master}.`,
        { options: ['host', 'port'] },
      ),
    ),
  ]
}

function unusable(found: Finding): Finding {
  return { ...found, isState: true }
}

/** With a greater difference of the clocks, keys expire at a wrong time. */
const MOST_APART_MS = 5_000

const checkExpiry: ServerCheck = ({ aheadMs, settings }, { expires, expiresAtTimes }) => {
  if (!expires) return []
  const findings: Finding[] = []
  if (expiresAtTimes && aheadMs !== undefined && Math.abs(aheadMs) > MOST_APART_MS) {
    const seconds = Math.round(Math.abs(aheadMs) / 1000)
    const [side, effect] = aheadMs > 0 ? ['ahead of', 'early'] : ['behind', 'late']
    findings.push(
      finding(
        'WARN',
        'clocks-differ',
        (where) =>
          `The clock of Redis at ${where} is ${seconds} seconds ${side} the clock of this machine: keys with an ` +
          `expire_at_field expire that much too ${effect}. Set the clocks.`,
        { options: ['expire_at_field'], params: { seconds, side } },
      ),
    )
  }
  const flags = settings.get('notify-keyspace-events')
  if (flags !== undefined && !(/[KE]/.test(flags) && /[xA]/.test(flags)))
    findings.push(
      finding(
        'INFO',
        'expiry-not-announced',
        (where) =>
          `Keys get a time to live, and Redis at ${where} does not announce when they expire. If an application needs ` +
          'these events, set notify-keyspace-events to Ex.',
      ),
    )
  return findings
}

const checkClientCommands: ServerCheck = ({ canKillClients, canNameClients }) => {
  const findings: Finding[] = []
  if (!canKillClients)
    findings.push(
      finding(
        'WARN',
        'client-kill-denied',
        (where) =>
          `The user may not run CLIENT ID and CLIENT KILL on Redis at ${where}, so a lost connection cannot be closed ` +
          'there: a run that writes lists or Redis streams ends when a connection is lost, and other runs may find ' +
          'older values written late. Allow the commands (+client|id +client|kill).',
      ),
    )
  if (!canNameClients)
    findings.push(
      finding(
        'INFO',
        'client-setname-denied',
        (where) =>
          `The user may not run CLIENT SETNAME on Redis at ${where}: CLIENT LIST shows the connections without a name.`,
      ),
    )
  return findings
}

/** Names what could not be checked. */
const checkVisibility: ServerCheck = ({ info, settings, aheadMs }, { expires, expiresAtTimes }) => {
  const hidden = [
    ...(info === undefined ? ['its role, memory, persistence and replicas (INFO)'] : []),
    ...(settings.has('save') && settings.has('appendfsync') ? [] : ['how it saves (CONFIG GET)']),
    ...(expires && !settings.has('notify-keyspace-events')
      ? ['whether it announces expired keys (CONFIG GET notify-keyspace-events)']
      : []),
    ...(expiresAtTimes && aheadMs === undefined ? ['its clock (TIME)'] : []),
  ]
  if (hidden.length === 0) return []
  return [
    finding(
      'INFO',
      'server-info-denied',
      (where) => `Redis at ${where} does not report ${listAnd(hidden)}, so this was not checked.`,
    ),
  ]
}
