/** How much memory a server has left, and what it drops when there is none. */
import { numberIn } from './server-info.ts'
import type { Rule } from './finding.ts'

/** Less of its memory than this is little. */
const LITTLE_LEFT = 0.1

export const memory: Rule = ({ info }) => {
  const [most, used] = [numberIn(info, 'maxmemory'), numberIn(info, 'used_memory')]
  if (most === 0 || used === undefined || most === undefined) return []
  if (info?.get('maxmemory_policy')?.startsWith('allkeys') === true) return []
  const left = Math.max(0, most - used)
  const text = `${inMegabytes(left)} of ${inMegabytes(most)} MB (maxmemory) left`
  const level = left < LITTLE_LEFT * most ? 'WARN' : 'INFO'
  return [
    {
      level,
      say: (where) =>
        `Redis at ${where} has ${text}, and refuses writes when it is full. Does what is synced fit?`,
    },
  ]
}

export const eviction: Rule = ({ info }, { expires }) => {
  const policy = info?.get('maxmemory_policy')
  const isLimited = (numberIn(info, 'maxmemory') ?? 0) > 0
  if (policy === undefined || policy === 'noeviction' || !isLimited) return []
  if (policy.startsWith('volatile') && !expires) return []
  const what = policy.startsWith('volatile') ? 'keys that have a time to live, before it is over' : 'any key'
  return [
    {
      level: 'WARN',
      say: (where) =>
        `Redis at ${where} removes ${what}, when its memory is full (maxmemory-policy ${policy}): what was synced can ` +
        'vanish, and the notes that the connector takes, too. Set maxmemory-policy to noeviction.',
    },
  ]
}

function inMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)
}
