/** Tells why a server no longer has what it confirmed: it evicted keys, or came back with older data. */
import { problem, TransientError } from '../../errors.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { RedisNode } from '../session/redis-node.ts'

export class EvictionCounts {
  /** By process of a server, how many keys it had evicted when the run first connected to it. */
  readonly #atStart = new Map<string, number>()

  async noteStart(nodes: NodePool): Promise<void> {
    await Promise.all(
      nodes.all.map(async (node) => {
        const process = processOf(node)
        if (this.#atStart.has(process)) return
        const count = await evictedOn(node)
        if (count !== undefined) this.#atStart.set(process, count)
      }),
    )
  }

  /** Returns the error for a server that has lost confirmed data. */
  async lossOn(nodes: NodePool): Promise<TransientError> {
    const counts = await Promise.all(nodes.all.map((node) => evictedOn(node)))
    const evicting = nodes.all.find((node, index) => {
      const atStart = this.#atStart.get(processOf(node))
      return atStart !== undefined && (counts[index] ?? 0) > atStart
    })
    return evicting === undefined ? olderData(nodes.where) : evicted(evicting.where)
  }
}

function processOf({ identity: { where, runId = '' } }: RedisNode): string {
  return `${where} ${runId}`
}

/** Returns undefined where INFO is denied. */
async function evictedOn(node: RedisNode): Promise<number | undefined> {
  const info = await node.ask('INFO', ['stats']).catch(ignoreReplyError)
  const [, count] = /^evicted_keys:(\d+)/m.exec(String(info)) ?? []
  return count === undefined ? undefined : Number(count)
}

function evicted(where: string): TransientError {
  return new TransientError(
    problem(
      'data-evicted',
      `Redis at ${where} has evicted keys of this run to make room (maxmemory-policy), so acknowledged records may be ` +
        'gone. Set maxmemory-policy to noeviction or give Redis more memory, then run a full refresh.',
      { params: { where } },
    ),
  )
}

function olderData(where: string): TransientError {
  return new TransientError(
    problem(
      'data-lost',
      `Redis at ${where} came back with older data, or was flushed: acknowledged records may be gone. Run a full ` +
        'refresh; set durability (mode replicas where a replica takes over, mode fsync where Redis is restarted) to ' +
        'have this not happen.',
      { options: ['durability'], params: { where } },
    ),
  )
}
