/** What of a batch goes out together, in bytes that are still being moved about. */
import type { Orders } from '../../layout/encoding/command-groups.ts'
import type { Shipment } from '../../redis/client/in-flight-write.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

export interface Part extends Omit<Shipment, 'bytes'> {
  start: number
  end: number
  /** The number of its first command among all that were laid out. */
  firstCommand: number
  /** The numbers of its commands, from the first one's on, where they do not follow each other. */
  numbers?: readonly number[]
  /** Of a transaction: the stream whose records are in it. */
  plan?: StreamPlan
  /** Whether it writes the connector's own keys, none of which may be refused. */
  isOwn?: boolean
}

export function partFrom(start: number, firstCommand: number, out: Orders): Part {
  return { start, end: out.length, firstCommand, commands: out.commands - firstCommand }
}
