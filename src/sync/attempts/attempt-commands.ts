/** Encodes the commands that record what the transactions of a batch add to lists and Redis streams. */
import { NO_GROUP, type CommandGroups } from '../../layout/encoding/command-groups.ts'
import { ATTEMPT_SCRIPT } from '../../redis/commands/attempt-scripts.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import { attemptKeyOf } from './attempt-record.ts'
import type { LengthRecording } from '../streams/stream-session.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { Interval } from './state-intervals.ts'

/** Groups of as many records each. */
interface EncodedGroups {
  readonly records: number
  readonly firstGroup: number
  readonly groups: number
}

export class AttemptCommands {
  readonly #plan: StreamPlan
  readonly #recording: LengthRecording
  readonly #out: CommandGroups
  readonly #interval: Interval
  /** How many records each group has. */
  readonly #counts = new Map<number, number>()
  #number: number

  constructor(plan: StreamPlan, recording: LengthRecording, out: CommandGroups, interval: Interval) {
    this.#plan = plan
    this.#recording = recording
    this.#out = out
    this.#interval = interval
    this.#number = interval.number
  }

  /** Counts a record of a group. */
  count(group: number): void {
    if (group !== NO_GROUP) this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1)
  }

  /** Counts records that were encoded at once. */
  countRun({ records, firstGroup, groups }: EncodedGroups): void {
    for (let group = firstGroup; group < firstGroup + groups; group++)
      this.#counts.set(group, records / groups)
  }

  /** Returns how many records from this one on are before the last state of the batch. */
  recordsUntilState(record: number): number {
    const { number, end } = this.#interval
    return end !== undefined && this.#number === number ? end - record : Infinity
  }

  /** Returns whether a record is the first one behind the last state of the batch. */
  isBehindState(record: number): boolean {
    return this.recordsUntilState(record) <= 0
  }

  /** The transactions from here on are behind the state. */
  moveOn(): void {
    this.#number++
  }

  /** Returns the commands of a transaction, with one before them that records what they add to each key. */
  record(numbers: readonly number[], slot: number | undefined): EncodedCommands {
    const out = this.#out
    const added = new Map<string, number>()
    for (const number of numbers) {
      const count = this.#counts.get(out.groupOf(number))
      const key = out.keyOf(number)
      if (count !== undefined && key !== undefined) added.set(key, (added.get(key) ?? 0) + count)
    }
    this.#recording.slots.add(slot)
    const first = out.commands
    out.begin('EVAL', 7 + 2 * added.size)
    out.textArgument(ATTEMPT_SCRIPT)
    out.textArgument(String(1 + added.size))
    out.keyText(attemptKeyOf(this.#plan, slot))
    for (const key of added.keys()) out.textArgument(key)
    out.textArgument(this.#recording.of)
    out.textArgument(String(this.#plan.settings.maxLength ?? 0))
    out.textArgument(String(this.#interval.acknowledged))
    out.textArgument(String(this.#number))
    for (const count of added.values()) out.textArgument(String(count))
    return EncodedCommands.of(out, [first, ...numbers])
  }
}
