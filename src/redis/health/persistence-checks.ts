/** Checks persistence and replication for settings that can lose acknowledged records. */
import { hasNoAppendOnlyFile } from '../failures/server-problem.ts'
import { numberIn } from './server-info.ts'
import { finding, type Finding, type ServerCheck } from './finding.ts'

export const checkPersistence: ServerCheck = ({ info, settings }, { durability: { mode } }) => {
  const findings: Finding[] = []
  if (info?.get('rdb_last_bgsave_status') === 'err')
    findings.push(
      finding(
        'WARN',
        'last-snapshot-failed',
        (where) => `Redis at ${where} could not write its last snapshot. Look at its log and its disk.`,
      ),
    )
  if (info?.get('aof_last_write_status') === 'err')
    findings.push(
      finding(
        'WARN',
        'append-only-file-failed',
        (where) => `Redis at ${where} could not write to its append-only file. Look at its log and its disk.`,
      ),
    )
  const hasLog = info?.get('aof_enabled')
  const save = settings.get('save')
  const fsync = settings.get('appendfsync')
  if (hasLog === '0' && save === '')
    findings.push(
      finding(
        'WARN',
        'persistence-off',
        (where) =>
          `Redis at ${where} keeps nothing on disk: synced and acknowledged data is lost when it restarts. ` +
          'Set appendonly to yes, unless you can do without the data.',
      ),
    )
  else if (hasLog === '0' && save !== undefined)
    findings.push(
      finding(
        'INFO',
        'snapshots-only',
        (where) =>
          `Redis at ${where} saves snapshots only (save ${save}): records acknowledged after the last one are lost when ` +
          'it crashes. With appendonly set to yes it loses one second at most.',
        { params: { save } },
      ),
    )
  else if (hasLog === '1' && mode !== 'fsync' && fsync !== undefined && fsync !== 'always')
    findings.push(
      finding(
        'INFO',
        'fsync-delayed',
        (where) =>
          `Redis at ${where} writes its append-only file with appendfsync ${fsync}: when its machine crashes, records ` +
          `acknowledged in the last ${fsync === 'everysec' ? 'second' : 'half minute'} are lost. ` +
          'Set durability to mode fsync to prevent that.',
        { options: ['durability'], params: { appendfsync: fsync } },
      ),
    )
  return findings
}

export const checkDurability: ServerCheck = ({ info }, { durability }) => {
  if (durability.mode === 'none' || info === undefined) return []
  const count = durability.mode === 'replicas' ? durability.count : durability.replicas
  const connected = numberIn(info, 'connected_slaves') ?? 0
  const findings: Finding[] = []
  if (connected < count)
    findings.push(
      finding(
        'FAILED',
        'replicas-missing',
        (where) =>
          `durability requires ${count} ${count === 1 ? 'replica' : 'replicas'}, and Redis at ${where} has ${connected}. ` +
          'Require fewer, or add replicas.',
        { options: ['durability'], params: { count, connected } },
      ),
    )
  if (durability.mode === 'fsync' && info.get('aof_enabled') === '0')
    findings.push({ level: 'FAILED', problem: hasNoAppendOnlyFile })
  return findings
}
