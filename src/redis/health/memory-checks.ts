/** Checks how much memory a server has left, and what it evicts when there is none. */
import { numberIn } from './server-info.ts'
import { finding, type ServerCheck } from './finding.ts'

/** Warn when less than this share of maxmemory is free. */
const LOW_SHARE = 0.1

export const checkMemory: ServerCheck = ({ info }) => {
  const [most, used] = [numberIn(info, 'maxmemory'), numberIn(info, 'used_memory')]
  if (most === 0 || used === undefined || most === undefined) return []
  if (info?.get('maxmemory_policy')?.startsWith('allkeys') === true) return []
  const free = Math.max(0, most - used)
  const { level, code } =
    free < LOW_SHARE * most
      ? { level: 'WARN' as const, code: 'memory-low' }
      : { level: 'INFO' as const, code: 'memory-limited' }
  return [
    finding(
      level,
      code,
      (where) =>
        `Redis at ${where} has ${megabytes(free)} of ${megabytes(most)} MB (maxmemory) left, and refuses writes when it ` +
        'is full. Check that the data to be synced fits.',
      { params: { free, maxmemory: most } },
    ),
  ]
}

export const checkEviction: ServerCheck = ({ info }, { expires }) => {
  const policy = info?.get('maxmemory_policy')
  const isLimited = (numberIn(info, 'maxmemory') ?? 0) > 0
  if (policy === undefined || policy === 'noeviction' || !isLimited) return []
  const isVolatile = policy.startsWith('volatile')
  if (isVolatile && !expires) return []
  const keys = isVolatile ? 'keys that have a time to live, before they expire,' : 'any key'
  return [
    finding(
      'WARN',
      'eviction-enabled',
      (where) =>
        `Redis at ${where} evicts ${keys} when its memory is full (maxmemory-policy ${policy}): synced data can vanish, ` +
        "and the connector's metadata, too. Set maxmemory-policy to noeviction.",
      { params: { policy } },
    ),
  ]
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
}
