/** Tells which requests must run exactly once, and which of them have run when a connection is lost. */
import { problem, TransientError } from '../../errors.ts'
import type { TransactionRequest } from '../sequencing/pipeline-request.ts'
import type { InFlightWrite } from './in-flight-write.ts'

/** Returns whether a write is a transaction that must not run twice. */
export function runsOnce(write: InFlightWrite): write is InFlightWrite<TransactionRequest> {
  return write.request.kind === 'transaction' && !write.request.isRepeatable
}

/** Returns whether a transaction has run. `held`: by slot, the sequence number that the server holds. */
export function hasRun(
  write: InFlightWrite,
  held: ReadonlyMap<number | undefined, number>,
): write is InFlightWrite<TransactionRequest> {
  if (!runsOnce(write) || (write.state.kind !== 'sent' && !write.isAnswered)) return false
  return write.number <= (held.get(write.request.slot) ?? 0)
}

/** Returns whether commands of a transaction may have run one by one, and the replies are lost. */
export function mayHaveRunBare(write: InFlightWrite): boolean {
  return runsOnce(write) && write.state.kind === 'sent' && write.state.isBare
}

/** Returns the error for transactions of which nobody can know how much has run. */
export function uncertainTransaction(): TransientError {
  return new TransientError(
    problem(
      'transaction-uncertain',
      'Redis answered a transaction for a list, a Redis stream or the dead letters so that it may have run in part. The ' +
        'run ends, as sending it again could write records twice. Start the sync again.',
    ),
  )
}

/** Returns the error for a transaction that did not run because the one before it did not. */
export function skippedTransaction(where: string): TransientError {
  return new TransientError(
    problem(
      'transaction-skipped',
      `Redis at ${where} did not run a transaction, as the one before it is not there.`,
      { params: { where } },
    ),
  )
}
