/** What follows from what a server tells of itself: pure, facts in, findings out. */
import { lossOnDisk, lackOfDurability } from './disk-checks.ts'
import type { Facts } from './server-info.ts'
import { listAnd } from '../../wording.ts'
import { failed, type Expectations, type Finding, type Rule } from './finding.ts'
import { eviction, memory } from './memory-checks.ts'

export function findingsFrom(facts: Facts, expected: Expectations): Finding[] {
  const rules: Rule[] = isSentinel(facts)
    ? [role]
    : [role, memory, eviction, lossOnDisk, lackOfDurability, expiry, connections, untold]
  return rules.flatMap((rule) => rule(facts, expected))
}

function isSentinel({ info }: Facts): boolean {
  return info?.get('redis_mode') === 'sentinel'
}

const role: Rule = (facts, { deployment }) => {
  const { info } = facts
  if (isSentinel(facts))
    return unusable(
      (where) =>
        `${where} is a sentinel, which holds no data. Set deployment to sentinel, with it among the nodes and ` +
        'the master_name it watches.',
    )
  const isNode = info?.get('cluster_enabled') === '1' || info?.get('redis_mode') === 'cluster'
  if (isNode && deployment !== 'cluster')
    return unusable(
      (where) =>
        `Redis at ${where} is a node of a cluster. Set deployment to cluster, with it among the nodes.`,
    )
  if (info !== undefined && !isNode && deployment === 'cluster')
    return unusable((where) => `Redis at ${where} is not a node of a cluster. Set deployment to standalone.`)
  if (info?.get('role') !== 'slave') return []
  const [host, port] = [info.get('master_host'), info.get('master_port')]
  const master = host === undefined ? '' : ` at ${host}:${port}`
  return unusable((where) => `Redis at ${where} is a read-only replica. Connect to its master${master}.`)
}

function unusable(say: Finding['say']): Finding[] {
  return failed(say).map((finding) => ({ ...finding, isState: true }))
}

/** Farther apart than this, keys end at a wrong time. */
const MOST_APART_MS = 5_000

const expiry: Rule = ({ aheadMs, settings }, { expires, endsAtTimes }) => {
  if (!expires) return []
  const findings: Finding[] = []
  if (endsAtTimes && aheadMs !== undefined && Math.abs(aheadMs) > MOST_APART_MS) {
    const apart = `${Math.round(Math.abs(aheadMs) / 1000)} seconds ${aheadMs > 0 ? 'ahead of' : 'behind'}`
    findings.push({
      level: 'WARN',
      say: (where) =>
        `The clock of Redis at ${where} is ${apart} the clock here: keys with an expire_at_field end that much too ` +
        `${aheadMs > 0 ? 'early' : 'late'}. Set the clocks.`,
    })
  }
  const flags = settings.get('notify-keyspace-events')
  if (flags !== undefined && !(/[KE]/.test(flags) && /[xA]/.test(flags)))
    findings.push({
      level: 'INFO',
      say: (where) =>
        `Keys are given a time to live, and Redis at ${where} does not announce their end. If an application waits for ` +
        'that, set notify-keyspace-events to Ex.',
    })
  return findings
}

const connections: Rule = ({ isClosing, isNaming }) => [
  ...(isClosing
    ? []
    : [
        {
          level: 'WARN' as const,
          say: (where: string) =>
            `The user may not run CLIENT ID and CLIENT KILL on Redis at ${where}, so a connection that was lost cannot ` +
            'be closed there: a run that writes lists or Redis streams ends when that happens, and another may find ' +
            'older values written late. Allow it (+client|id +client|kill).',
        },
      ]),
  ...(isNaming
    ? []
    : [
        {
          level: 'INFO' as const,
          say: (where: string) =>
            `The user may not run CLIENT SETNAME on Redis at ${where}: CLIENT LIST shows the connections without a name.`,
        },
      ]),
]

/** What could not be looked at. */
const untold: Rule = ({ info, settings, aheadMs }, { expires, endsAtTimes }) => {
  const without = [
    ...(info === undefined ? ['its role, memory, persistence and replicas (INFO)'] : []),
    ...(settings.has('save') && settings.has('appendfsync') ? [] : ['how it saves (CONFIG GET)']),
    ...(expires && !settings.has('notify-keyspace-events')
      ? ['whether it announces the end of keys (CONFIG GET notify-keyspace-events)']
      : []),
    ...(endsAtTimes && aheadMs === undefined ? ['its clock (TIME)'] : []),
  ]
  if (without.length === 0) return []
  return [
    {
      level: 'INFO',
      say: (where) => `Redis at ${where} does not tell ${listAnd(without)}: that is unknown.`,
    },
  ]
}
