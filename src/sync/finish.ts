/**
 * The only destructive step: removes what earlier runs wrote to the streams that are replaced. It is taken when
 * everything of the run is confirmed, and touches nothing but keys whose ids were given out before the run began.
 */
import type { Log } from '../log.ts'
import type { Link } from '../redis/link.ts'
import { digitsOf } from '../redis/byte-buffer.ts'
import { CommandBuffer } from '../redis/resp.ts'
import type { Ids } from './ids.ts'
import type { StreamPlan } from './plan.ts'

/** Keys in one UNLINK: enough to make the command's overhead small, few enough not to hold up other clients. */
const KEYS_PER_COMMAND = 500

/** Keys whose removal is on its way while the next ones are being listed. */
const KEYS_PER_ROUND = 20_000

export async function finish(link: Link, ids: Ids, plans: readonly StreamPlan[], log: Log): Promise<void> {
  for (const plan of plans) if (plan.replaces) await removeEarlier(link, ids, plan, log)
}

async function removeEarlier(link: Link, ids: Ids, plan: StreamPlan, log: Log): Promise<void> {
  const { first, last, isNoted } = ids.replaced(plan)
  if (first > last) return
  let removing: Promise<unknown> = Promise.resolve()
  for (let from = first; from <= last; from += KEYS_PER_ROUND) {
    let round = idsFrom(from, Math.min(last, from + KEYS_PER_ROUND - 1), plan.foreignIds)
    // Ids from before the connector took notes: another program may hold a key that looks like one of them.
    if (!isNoted) round = await onlyOurs(link, plan, round)
    const commands = unlinkCommands(plan, round)
    await removing
    removing = link.send({ bytes: commands.bytes.subarray(0, commands.length), commands: commands.commands })
  }
  await removing
  await link.ask('HSET', plan.notesKey, 'lowest_id', last + 1)
  log('INFO', `${plan.name}: what earlier runs wrote has been removed.`)
}

function idsFrom(first: number, last: number, foreign: readonly number[]): number[] {
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  return foreign.length === 0 ? all : all.filter((id) => !foreign.includes(id))
}

async function onlyOurs(link: Link, { baseKey, settings }: StreamPlan, ids: number[]): Promise<number[]> {
  const kinds = await Promise.all(ids.map((id) => link.ask('TYPE', `${baseKey}:${id}`)))
  return ids.filter((_, index) => kinds[index] === settings.cacheType)
}

function unlinkCommands({ baseKey }: StreamPlan, ids: readonly number[]): CommandBuffer {
  const prefix = Buffer.from(`${baseKey}:`)
  const out = new CommandBuffer(
    Buffer.allocUnsafeSlow((ids.length + KEYS_PER_COMMAND) * (prefix.length + 32)),
  )
  for (let from = 0; from < ids.length; from += KEYS_PER_COMMAND) {
    const keys = ids.slice(from, from + KEYS_PER_COMMAND)
    out.reserve((keys.length + 1) * (prefix.length + 32))
    out.begin('UNLINK', keys.length)
    for (const id of keys) {
      out.putSize(prefix.length + digitsOf(id))
      out.put(prefix)
      out.putNumber(id)
      out.putLineEnd()
    }
  }
  return out
}
