/** Finds out from the counters of the servers whether they have evicted keys or connections since the run began. */
import { problem, TransientError } from '../../errors.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { RedisNode } from '../session/redis-node.ts'

export class EvictionCounts {
  /** By process of a server, how many keys it had evicted when the run first connected to it. */
  readonly #atStart = new Map<string, number>()
  /** By process of a server, how many connections it had closed to save memory when it was asked last. */
  readonly #clients = new Map<string, number>()

  async noteStart(nodes: NodePool): Promise<void> {
    await Promise.all(
      nodes.all.map(async (node) => {
        const process = processOf(node)
        if (this.#atStart.has(process)) return
        const counts = await countsOn(node)
        if (counts.keys !== undefined) this.#atStart.set(process, counts.keys)
        if (counts.clients !== undefined) this.#clients.set(process, counts.clients)
      }),
    )
  }

  /** Returns whether a server has closed connections to save memory since this was asked last, or the run began. */
  async haveClientsBeenEvicted(nodes: NodePool): Promise<boolean> {
    const haveGrown = await Promise.all(
      nodes.all.map(async (node) => {
        const { clients = 0 } = await countsOn(node)
        const before = this.#clients.get(processOf(node)) ?? 0
        this.#clients.set(processOf(node), clients)
        return clients > before
      }),
    )
    return haveGrown.includes(true)
  }

  /** Returns the error for a server that has lost confirmed data. */
  async lossOn(nodes: NodePool): Promise<TransientError> {
    const counts = await Promise.all(nodes.all.map((node) => countsOn(node)))
    const evicting = nodes.all.find((node, index) => {
      const atStart = this.#atStart.get(processOf(node))
      return atStart !== undefined && (counts[index]!.keys ?? 0) > atStart
    })
    return evicting === undefined ? olderData(nodes.where) : evicted(evicting.where)
  }
}

function processOf({ identity: { where, runId = '' } }: RedisNode): string {
  return `${where} ${runId}`
}

/** Returns how many keys and connections a server has evicted; undefined where INFO is denied, or older than the counter. */
async function countsOn(node: RedisNode): Promise<{ keys: number | undefined; clients: number | undefined }> {
  const info = String(await node.ask('INFO', ['stats']).catch(ignoreReplyError))
  const countOf = (pattern: RegExp): number | undefined => {
    const [, count] = pattern.exec(info) ?? []
    return count === undefined ? undefined : Number(count)
  }
  return { keys: countOf(/^evicted_keys:(\d+)/m), clients: countOf(/^evicted_clients:(\d+)/m) }
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
