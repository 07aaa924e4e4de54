// Finds the command before which the fault of a case begins, and the one before which it ends.
import type { Random } from '../support/random.ts'

/** The part of a run in which a fault begins: as streams are opened, among the records, or as the run ends. */
export type Phase = 'start' | 'records' | 'end'

const READS = new Set(
  'AUTH HELLO CLIENT PING INFO ROLE CLUSTER COMMAND CONFIG SCRIPT ASKING SENTINEL TYPE EXISTS GET HGET HMGET HGETALL HSCAN HLEN PTTL'.split(
    ' ',
  ),
)

/** The rows of records are r0, r1, and so on. */
const ROW = /\br\d+\b/

/** The metadata that the end of a run writes first. */
const END = /pending_removal|"endedWell":true/

/** The keys that a run removes last: its own numbers. */
const LAST = /^_airbyte:(sequence|marker):/

export class FaultTrigger {
  readonly phase: Phase
  #left: number
  #hasRecords = false
  #isEnding = false

  /** `random` chooses a command of the phase, which has about `commands` of them. */
  constructor(phase: Phase, commands: number, random: Random) {
    this.phase = phase
    this.#left = 1 + Math.floor(random() * commands)
  }

  /** Must be called when the last state has been acknowledged. */
  lastState(): void {
    this.#isEnding = true
  }

  /** Returns whether the fault begins before this command. */
  isDue(words: readonly string[]): boolean {
    const name = words[0]!.toUpperCase()
    if (READS.has(name)) return false
    const isOwn = words.some((word) => word.startsWith('_airbyte:'))
    const isRecord = !/^_airbyte:(index|journal)/.test(words[1] ?? '') && words.some((word) => ROW.test(word))
    this.#isEnding ||= isOwn && words.some((word) => END.test(word))
    // The first record ends the start.
    if (this.phase === 'start' && isRecord) return this.#strikes(true)
    // A phase with fewer commands than expected ends with this one.
    if (this.phase === 'end' && this.#isEnding && name === 'UNLINK' && LAST.test(words[1] ?? ''))
      return this.#strikes(true)
    this.#hasRecords ||= isRecord
    return this.#counts(isOwn, isRecord) && this.#strikes(false)
  }

  #counts(isOwn: boolean, isRecord: boolean): boolean {
    if (this.phase === 'records') return isRecord
    return this.phase === 'end' ? this.#isEnding : isOwn && !this.#hasRecords
  }

  #strikes(atOnce: boolean): boolean {
    if (this.#left <= 0) return false
    this.#left = atOnce ? 0 : this.#left - 1
    return this.#left === 0
  }
}
