/** For tests: a state queue whose batches are delivered when the test says so. */
import { Writable } from 'node:stream'
import { Output } from '../../protocol/airbyte/output.ts'
import type { Batch } from '../batches/batch.ts'
import type { Deliver } from './deliver.ts'
import { playedClient } from '../streams/played-client.support.ts'
import { IdAllocator } from '../ids/id-allocator.ts'
import type { BatchIntervals } from '../attempts/state-intervals.ts'
import { StateQueue } from './state-queue.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { batchPreparation } from './batch-preparation.ts'
import { Progress } from './record-counts.ts'

type IdClient = ConstructorParameters<typeof IdAllocator>[0]

interface InFlightWrite extends PromiseWithResolvers<RecordOutcome[]> {
  batch: Batch
  ids: ReadonlyMap<StreamSession, IdRange[]>
}

/** Counts for `INCRBY`. */
interface CountingServer {
  asked: string[]
  failure: Error | undefined
  isPaused: boolean
  goOn(): void
}

export async function openStateQueue(
  sessions: readonly StreamSession[],
  maxBytes = 1 << 20,
  leastBytes = 0,
  record?: (batches: readonly BatchIntervals[]) => Promise<void> | undefined,
  unsentBytes = () => 0,
) {
  const { server, client } = countingServer()
  const deliveries: InFlightWrite[] = []
  const deliver: Deliver = (batch, { ids }) => {
    const delivery = { batch, ids, ...Promise.withResolvers<RecordOutcome[]>() }
    deliveries.push(delivery)
    return delivery.promise
  }
  const lines: string[] = []
  const reader = pausingReader()
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) lines.push(...chunk.toString().trimEnd().split('\n'))
      reader.take(done)
    },
  })
  const output = new Output(stdout)
  const ids = new IdAllocator(client, sessions)
  server.asked.length = 0
  const progress = new Progress(
    sessions.map(({ plan }) => plan),
    () => undefined,
  )
  const stateQueue = new StateQueue({
    deliver,
    prepare: batchPreparation(ids, new Map()),
    ...(record === undefined ? {} : { record }),
    progress,
    output,
    maxBytes,
    leastBytes,
    unsentBytes,
  })
  return { stateQueue, deliveries, lines, server, output, reader }
}

function pausingReader() {
  let [isPaused, goOn] = [false, (): void => undefined]
  return {
    take: (done: () => void): void => (isPaused ? void (goOn = done) : done()),
    pause: (): void => void (isPaused = true),
    goOn: (): void => {
      isPaused = false
      goOn()
    },
  }
}

function countingServer(): { server: CountingServer; client: IdClient } {
  const counters = new Map<unknown, number>()
  const resumed = Promise.withResolvers<void>()
  const server: CountingServer = {
    asked: [],
    failure: undefined,
    isPaused: false,
    goOn: () => resumed.resolve(),
  }
  const ask: IdClient['ask'] = async (command, ...args) => {
    server.asked.push([command, ...args].join(' '))
    if (server.isPaused) await resumed.promise
    if (server.failure !== undefined) throw server.failure
    if (command !== 'INCRBY') return null
    const count = (counters.get(args[0]) ?? 0) + Number(args[1])
    counters.set(args[0], count)
    return count
  }
  const { client } = playedClient()
  return { server, client: { ...client, ask, requireIntact: async () => {} } }
}
