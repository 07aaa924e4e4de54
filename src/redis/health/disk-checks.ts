/** What of that which was acknowledged a server may lose. */
import { numberIn } from './server-info.ts'
import { failed, type Finding, type Rule } from './finding.ts'

export const lossOnDisk: Rule = ({ info, settings }, { durability: { mode } }) => {
  const findings: Finding[] = []
  for (const [line, what] of [
    ['rdb_last_bgsave_status', 'its last snapshot'],
    ['aof_last_write_status', 'to its log (appendonly)'],
  ] as const)
    if (info?.get(line) === 'err')
      findings.push({
        level: 'WARN',
        say: (where) => `Redis at ${where} could not write ${what}. Look at its log and its disk.`,
      })
  const hasLog = info?.get('aof_enabled')
  const save = settings.get('save')
  const fsync = settings.get('appendfsync')
  if (hasLog === '0' && save === '')
    findings.push({
      level: 'WARN',
      say: (where) =>
        `Redis at ${where} keeps nothing on disk: what is synced, and was acknowledged, is gone when it restarts. ` +
        'Set appendonly to yes, unless you can do without it.',
    })
  else if (hasLog === '0' && save !== undefined)
    findings.push({
      level: 'INFO',
      say: (where) =>
        `Redis at ${where} saves snapshots only (save ${save}): what is acknowledged between two of them is gone when ` +
        'it crashes. With appendonly yes that is a second at most.',
    })
  else if (hasLog === '1' && mode !== 'fsync' && fsync !== undefined && fsync !== 'always')
    findings.push({
      level: 'INFO',
      say: (where) =>
        `Redis at ${where} writes its log with appendfsync ${fsync}: when its machine crashes, what was acknowledged ` +
        `${fsync === 'everysec' ? 'in the last second' : 'in the last half minute'} is gone. With durability: fsync it is not.`,
    })
  return findings
}

export const lackOfDurability: Rule = ({ info }, { durability: asked }) => {
  if (asked.mode === 'none' || info === undefined) return []
  const count = asked.mode === 'replicas' ? asked.count : asked.replicas
  const connected = numberIn(info, 'connected_slaves') ?? 0
  const findings: Finding[] = []
  if (connected < count)
    findings.push(
      ...failed(
        (where) =>
          `durability asks for ${count} ${count === 1 ? 'replica' : 'replicas'}, and Redis at ${where} has ${connected}. ` +
          'Ask for fewer, or add replicas.',
      ),
    )
  if (asked.mode === 'fsync' && info.get('aof_enabled') === '0')
    findings.push(
      ...failed(
        (where) =>
          `durability: fsync waits for the log on disk, and Redis at ${where} has none. Set appendonly to yes there, or ` +
          'choose another durability.',
      ),
    )
  return findings
}
