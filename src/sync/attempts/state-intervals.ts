/**
 * Numbers the records of streams whose attempts are recorded, by the states between them, and records that states are about
 * to be acknowledged: before they are printed, as nothing that is acknowledged may be taken back.
 */
import type { CommandClient } from '../../redis/client/command-client.ts'
import { sendAll } from '../../redis/client/send-all.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { Batch } from '../batches/batch.ts'
import type { StreamSession } from '../streams/stream-session.ts'

/** Where the last state of a stream is in a batch. The states of a batch are acknowledged together. */
export interface Interval {
  /** The interval of the records before it. */
  readonly number: number
  /** The first record that is in the next interval; undefined where the batch has no state of the stream. */
  readonly end: number | undefined
  /** How many intervals are acknowledged already. */
  readonly acknowledged: number
}

export type BatchIntervals = ReadonlyMap<StreamSession, Interval>

export class StateIntervals {
  readonly #client: Pick<CommandClient, 'send'>
  readonly #sessions: readonly StreamSession[]
  /** The interval of the next record. */
  readonly #next = new Map<StreamSession, number>()
  readonly #acknowledged = new Map<StreamSession, number>()

  constructor(client: Pick<CommandClient, 'send'>, sessions: readonly StreamSession[]) {
    this.#client = client
    this.#sessions = sessions.filter(({ attempt }) => attempt !== undefined)
  }

  /** Returns the intervals of a batch. Batches are given in their order. */
  of({ states }: Pick<Batch, 'states'>): BatchIntervals {
    return new Map(
      this.#sessions.map((session) => {
        const number = this.#next.get(session) ?? 0
        const end = states.findLast(({ plan }) => plan === undefined || plan === session.plan)?.after
        if (end !== undefined) this.#next.set(session, number + 1)
        return [session, { number, end, acknowledged: this.#acknowledged.get(session) ?? 0 }]
      }),
    )
  }

  /** Resolves when it is recorded that the states of some batches are acknowledged; undefined where there is nothing to record. */
  acknowledge(batches: readonly BatchIntervals[]): Promise<void> | undefined {
    const counts = new Map<StreamSession, number>()
    for (const session of this.#sessions) {
      const last = batches.findLast((intervals) => intervals.get(session)?.end !== undefined)?.get(session)
      // Whether there was a first state is all that matters for staging keys that are dropped as a whole.
      const isRecorded = session.attempt?.kind === 'states' && this.#acknowledged.has(session)
      if (last !== undefined && !isRecorded) counts.set(session, last.number + 1)
    }
    return counts.size === 0 ? undefined : this.#record(counts)
  }

  async #record(counts: ReadonlyMap<StreamSession, number>): Promise<void> {
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(256))
    for (const [{ plan }, count] of counts)
      out.command('HSET', plan.metadataKey, 'acknowledged', String(count))
    await sendAll(this.#client, out)
    for (const [session, count] of counts) this.#acknowledged.set(session, count)
  }
}
