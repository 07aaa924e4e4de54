/** What of a batch goes out together, in bytes that are still being moved about. */
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { WriteRequest } from '../../redis/client/in-flight-write.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

export interface CommandRange extends Omit<WriteRequest, 'bytes'> {
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

export function commandRangeFrom(start: number, firstCommand: number, out: CommandGroups): CommandRange {
  return { start, end: out.length, firstCommand, commands: out.commands - firstCommand }
}
