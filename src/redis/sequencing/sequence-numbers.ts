/**
 * Numbers that a run leaves on the servers, each one higher than the one before it. They show what the servers have run
 * when replies were lost. A number that is lower than a confirmed one shows that a server has lost data.
 */
import type { Ask } from '../session/node-pool.ts'

/** The numbers under one key: of one server, or of one slot of a cluster. */
export class Sequence {
  readonly slot: number | undefined
  readonly key: string
  /** The number that the server is known to hold. */
  #held = 0
  #sent = 0
  /** The highest number whose effect was confirmed to the caller. */
  #confirmed = 0

  /** `key` is used by no other run. */
  constructor(slot: number | undefined, key: string) {
    this.slot = slot
    this.key = key
  }

  /** Returns the number for what is sent while nothing else of the sequence is under way. */
  first(): number {
    this.#sent = this.#held
    return this.next()
  }

  /** Returns the number for what is sent behind the one that was sent last. */
  next(): number {
    return ++this.#sent
  }

  /** Takes the number in a reply; returns false if it does not follow the last one, so that the server has lost that. */
  takeReply(number: number): boolean {
    const follows = number === this.#held + 1
    this.#held = number
    return follows
  }

  confirm(number: number): void {
    this.#confirmed = Math.max(this.#confirmed, number)
  }

  /** Throws if the server holds a lower number than a confirmed one. */
  require(held: number): void {
    if (held < this.#confirmed) throw new LostNumberError(this.key, this.#confirmed, held)
  }

  /** Continues from the number that the server holds; throws if that is lower than a confirmed one. */
  resume(held: number): void {
    this.require(held)
    this.#held = held
    this.#sent = held
  }
}

/** Left under a sequence key by a guard that could rename only some keys: no later transaction runs then. */
export const BROKEN = 'broken'

/** Transactions may have run in part. */
export class BrokenSequenceError extends Error {
  override readonly name = 'BrokenSequenceError'

  constructor(key: string) {
    super(`${key} is marked as broken`)
  }
}

/** A server holds a lower number than one that was confirmed: it has lost data. */
export class LostNumberError extends Error {
  override readonly name = 'LostNumberError'

  constructor(key: string, expected: number, held: number) {
    super(`${key} holds ${held}, and ${expected} was confirmed`)
  }
}

/** All sequences of one kind. */
export class SequenceNumbers {
  /** Slots that are being moved to another node. */
  readonly avoided = new Set<number | undefined>()
  readonly #keyIn: (slot: number | undefined) => string
  readonly #sequences = new Map<number | undefined, Sequence>()

  /** `keyIn` returns keys that no other run uses, each in the given slot. */
  constructor(keyIn: (slot: number | undefined) => string) {
    this.#keyIn = keyIn
  }

  of(slot: number | undefined): Sequence {
    let sequence = this.#sequences.get(slot)
    if (sequence === undefined) this.#sequences.set(slot, (sequence = new Sequence(slot, this.#keyIn(slot))))
    return sequence
  }

  get all(): Sequence[] {
    return [...this.#sequences.values()]
  }

  /** Slots that have a sequence, without those that are avoided. */
  get slots(): (number | undefined)[] {
    return [...this.#sequences.keys()].filter((slot) => !this.avoided.has(slot))
  }

  /** Reads all numbers and continues from them; throws a `LostNumberError` if one is lower than a confirmed one. */
  async resume(ask: Ask): Promise<Map<number | undefined, number>> {
    const sequences = this.all
    const held = await Promise.all(sequences.map(({ key }) => numberUnder(key, ask)))
    for (const [index, sequence] of sequences.entries()) sequence.resume(held[index]!)
    return new Map(sequences.map(({ slot }, index) => [slot, held[index]!]))
  }
}

async function numberUnder(key: string, ask: Ask): Promise<number> {
  const reply = await ask('GET', key)
  if (reply === BROKEN) throw new BrokenSequenceError(key)
  return Number(reply ?? 0)
}
