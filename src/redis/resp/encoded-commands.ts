/** Commands of a buffer that are sent together: a range of it, or single ones. */
import type { CommandBuffer } from './command-buffer.ts'
import type { SlotOwners } from './command-pieces.ts'
import { addHead, type CommandHead, type CommandRun } from './command-run.ts'

export class EncodedCommands {
  readonly count: number
  readonly #source: CommandBuffer
  readonly #first: number
  readonly #numbers: readonly number[] | undefined

  /** Takes the commands of `source` from `first` on that have been added so far, or as many as `count`. */
  static from(source: CommandBuffer, first = 0, count = source.commands - first): EncodedCommands {
    return new EncodedCommands(source, first, count)
  }

  /** Takes single commands of `source`, in this order. */
  static of(source: CommandBuffer, numbers: readonly number[]): EncodedCommands {
    return new EncodedCommands(source, 0, numbers.length, numbers)
  }

  /** Returns some of the commands, in this order. */
  pick(indexes: readonly number[]): EncodedCommands {
    const numbers = indexes.map((index) => this.numberOf(index))
    const [first = 0] = numbers
    return numbers.every((number, at) => number === first + at)
      ? new EncodedCommands(this.#source, first, numbers.length)
      : new EncodedCommands(this.#source, 0, numbers.length, numbers)
  }

  private constructor(source: CommandBuffer, first: number, count: number, numbers?: readonly number[]) {
    this.#source = source
    this.#first = first
    this.count = count
    this.#numbers = numbers
  }

  /** Returns the number of a command among all of its buffer. */
  numberOf(index: number): number {
    return this.#numbers === undefined ? this.#first + index : this.#numbers[index]!
  }

  /** Returns the commands in runs of the same head. */
  runs(): CommandRun[] {
    if (this.#numbers === undefined) return this.#source.runsOf(this.#first, this.#first + this.count)
    const runs: CommandRun[] = []
    for (const number of this.#numbers) addHead(runs, this.#source.headOf(number))
    return runs
  }

  /** Calls `take` for commands of one owner that follow each other in memory, as far as pieces say so, and for each other one. */
  eachOfOwner(owners: SlotOwners, take: (owner: number, index: number, count: number) => void): void {
    const numbers = this.#numbers
    if (numbers !== undefined) {
      for (let index = 0; index < numbers.length; index++) take(owners[this.slotOf(index)]!, index, 1)
      return
    }
    const first = this.#first
    this.#source.pieces.each(first, first + this.count, owners, (command, count, owner) =>
      take(owner ?? owners[this.#source.slotOf(command)]!, command - first, count),
    )
  }

  headOf(index: number): CommandHead {
    return this.#source.headOf(this.numberOf(index))
  }

  keyOf(index: number): string | undefined {
    return this.#source.keyOf(this.numberOf(index))
  }

  slotOf(index: number): number {
    return this.#source.slotOf(this.numberOf(index))
  }

  /** Returns the bytes of each key, without repetitions that follow each other. */
  keyBytes(): Buffer[] {
    const keys: Buffer[] = []
    let last: number | undefined
    for (let index = 0; index < this.count; index++) {
      const number = this.numberOf(index)
      if (!this.#source.hasKey(number) || (last !== undefined && this.#source.haveSameKey(last, number)))
        continue
      keys.push(this.#source.keyBytesOf(number))
      last = number
    }
    return keys
  }

  /** Returns the distinct keys, as text. */
  keys(): Set<string> {
    const keys = new Set<string>()
    for (let index = 0; index < this.count; index++) {
      const key = this.keyOf(index)
      if (key !== undefined) keys.add(key)
    }
    return keys
  }

  /** Returns whether a command must not be sent apart from the one before it. */
  isFollowUp(index: number): boolean {
    return index > 0 && this.#source.isFollowUp(this.numberOf(index))
  }

  /** Returns the size of the longest argument of a command. */
  longestArgument(index: number): number {
    return this.#source.longestArgument(this.numberOf(index))
  }

  /** Returns the size of a command, or of several that follow each other in memory. */
  sizeOf(index: number, count = 1): number {
    const number = this.numberOf(index)
    return this.#source.endOf(number + count - 1) - this.#source.startOf(number)
  }

  get size(): number {
    if (this.count === 0) return 0
    if (this.#numbers === undefined) return this.#end - this.#source.startOf(this.#first)
    let size = 0
    for (let index = 0; index < this.count; index++) size += this.sizeOf(index)
    return size
  }

  /** Returns the bytes of all commands: those of the buffer itself where they follow each other, else a copy. */
  bytes(): Buffer {
    if (this.count === 0) return Buffer.alloc(0)
    if (this.#numbers === undefined)
      return this.#source.bytes.subarray(this.#source.startOf(this.#first), this.#end)
    const bytes = Buffer.allocUnsafeSlow(this.size)
    let at = 0
    for (let index = 0; index < this.count; index++) at += this.copy(index, bytes, at)
    return bytes
  }

  /** Returns whether all of them follow each other in memory. */
  get areTogether(): boolean {
    return this.#numbers === undefined
  }

  /** Returns the bytes of commands that follow each other in memory, which are those of the buffer. */
  view(index: number, count: number): Buffer {
    const number = this.numberOf(index)
    return this.#source.bytes.subarray(this.#source.startOf(number), this.#source.endOf(number + count - 1))
  }

  /** Copies a command, or several that follow each other in memory, to an offset of `target`, and returns their size. */
  copy(index: number, target: Buffer, at: number, count = 1): number {
    const number = this.numberOf(index)
    const [start, end] = [this.#source.startOf(number), this.#source.endOf(number + count - 1)]
    return this.#source.bytes.copy(target, at, start, end)
  }

  get #end(): number {
    return this.#source.endOf(this.#first + this.count - 1)
  }
}
