/** The verb `write`: one run, from the first message to the summary. */
import type { Readable } from 'node:stream'
import type { Config } from './config/config.ts'
import type { SyncStream } from './protocol/catalog.ts'
import type { Output } from './protocol/output.ts'
import { Link } from './redis/link.ts'
import { finish } from './sync/finish.ts'
import { Ids } from './sync/ids.ts'
import { Intake } from './sync/intake.ts'
import { Ledger } from './sync/ledger.ts'
import { planStreams } from './sync/plan.ts'
import { Progress } from './sync/progress.ts'

export interface WriteJob {
  config: Config
  catalog: readonly SyncStream[]
  input: Readable
  output: Output
  /** Aborted when the host wants the run to end: what was read is still confirmed, nothing older is removed. */
  signal: AbortSignal
}

export async function write({ config, catalog, input, output, signal }: WriteJob): Promise<void> {
  const plans = planStreams(catalog, config)
  await using link = await Link.open(config, output.log)
  const ids = await Ids.open(link, plans)
  link.objection = (ask) => ids.objection(ask)
  const progress = new Progress(plans, output.log)
  const ledger = new Ledger(link, ids, plans, progress, output, config.maxInFlightBytes)
  const intake = new Intake(plans, config, ledger, progress)

  const problem = await readAll(input, intake, signal)
  intake.submit()
  await ledger.settled()
  await ids.requireIntact()
  if (problem !== undefined) throw problem
  if (signal.aborted) return

  progress.requireComplete()
  await finish(link, ids, plans, output.log)
  progress.summarize()
}

/** Gives the error that ended the reading early: what came before it is still to be confirmed. */
async function readAll(input: Readable, intake: Intake, signal: AbortSignal): Promise<unknown> {
  const stop = (): unknown => input.destroy()
  signal.addEventListener('abort', stop)
  try {
    for await (const chunk of input) await intake.take(chunk as Buffer)
    if (!signal.aborted) await intake.end()
    return undefined
  } catch (error) {
    return signal.aborted ? undefined : error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
