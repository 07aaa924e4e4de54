/** For tests: a ledger whose batches are delivered when the test says so. */
import { Writable } from 'node:stream'
import { Output } from '../../protocol/airbyte/output.ts'
import type { Link } from '../../redis/client/client.ts'
import type { Batch } from '../batches/batch.ts'
import type { Deliver } from './deliver.ts'
import { Ids, type IdRange } from '../streams/id-allocator.ts'
import { Ledger } from './state-queue.ts'
import type { Outcome } from './outcomes.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { prepareBy } from './prepare.ts'
import { Progress } from './progress.ts'

interface Delivery extends PromiseWithResolvers<Outcome[]> {
  batch: Batch
  ids: ReadonlyMap<StreamPlan, IdRange[]>
}

/** Counts for `INCRBY`. */
interface CountingServer {
  asked: string[]
  failure: Error | undefined
  isPaused: boolean
  goOn(): void
}

export async function openLedger(plans: readonly StreamPlan[], maxBytes = 1 << 20, leastBytes = 0) {
  const { server, link } = countingServer()
  const deliveries: Delivery[] = []
  const deliver: Deliver = (batch, { ids }) => {
    const delivery = { batch, ids, ...Promise.withResolvers<Outcome[]>() }
    deliveries.push(delivery)
    return delivery.promise
  }
  const lines: string[] = []
  const stdout = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString().trimEnd())
      done()
    },
  })
  const ids = await Ids.open(link, plans)
  server.asked.length = 0
  const progress = new Progress(plans, () => undefined)
  const ledger = new Ledger({
    deliver,
    prepare: prepareBy(ids, new Map()),
    progress,
    output: new Output(stdout),
    maxBytes,
    leastBytes,
  })
  return { ledger, deliveries, lines, server }
}

function countingServer(): { server: CountingServer; link: Link } {
  const counters = new Map<unknown, number>()
  const resumed = Promise.withResolvers<void>()
  const server: CountingServer = {
    asked: [],
    failure: undefined,
    isPaused: false,
    goOn: () => resumed.resolve(),
  }
  const ask: Link['ask'] = async (command, ...args) => {
    server.asked.push([command, ...args].join(' '))
    if (server.isPaused) await resumed.promise
    if (server.failure !== undefined) throw server.failure
    if (command !== 'INCRBY') return null
    const count = (counters.get(args[0]) ?? 0) + Number(args[1])
    counters.set(args[0], count)
    return count
  }
  return { server, link: { ask } as unknown as Link }
}
