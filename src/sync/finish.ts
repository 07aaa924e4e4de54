/**
 * The only destructive step: removes what earlier runs wrote to the streams that are replaced. It is taken when
 * everything of the run is confirmed, and touches nothing but keys whose ids were given out before the run began.
 */
import type { Log } from '../log.ts'
import type { Link } from '../redis/link.ts'
import { CommandBuffer } from '../redis/resp.ts'
import type { Ids } from './ids.ts'
import type { StreamPlan } from './plan.ts'

/** Keys in one UNLINK: enough to make the command's overhead small, few enough not to hold up other clients. */
const KEYS_PER_COMMAND = 500

/** Keys looked at or removed before replies are waited for. */
const KEYS_PER_ROUND = 20_000

export async function finish(link: Link, ids: Ids, plans: readonly StreamPlan[], log: Log): Promise<void> {
  for (const plan of plans) if (plan.replaces) await removeEarlier(link, ids, plan, log)
}

async function removeEarlier(link: Link, ids: Ids, plan: StreamPlan, log: Log): Promise<void> {
  const { first, last, isNoted } = ids.earlier(plan)
  if (first > last) return
  const foreign = new Set(plan.foreignIds)
  for (let from = first; from <= last; from += KEYS_PER_ROUND) {
    let keys: string[] = []
    for (let id = from; id < from + KEYS_PER_ROUND && id <= last; id++)
      if (!foreign.has(id)) keys.push(`${plan.baseKey}:${id}`)
    // Ids from before the connector took notes: another program may hold a key that looks like one of them.
    if (!isNoted) keys = await onlyHashes(link, keys)
    await unlink(link, keys)
  }
  await link.ask('HSET', plan.notesKey, 'lowest_id', last + 1)
  log('INFO', `${plan.name}: what earlier runs wrote has been removed.`)
}

async function onlyHashes(link: Link, keys: string[]): Promise<string[]> {
  const kinds = await Promise.all(keys.map((key) => link.ask('TYPE', key)))
  return keys.filter((_, index) => kinds[index] === 'hash')
}

async function unlink(link: Link, keys: string[]): Promise<void> {
  const out = new CommandBuffer()
  for (let from = 0; from < keys.length; from += KEYS_PER_COMMAND)
    out.command('UNLINK', ...keys.slice(from, from + KEYS_PER_COMMAND))
  if (out.commands > 0) await link.send(out.bytes.subarray(0, out.length), out.commands)
}
