/** Collects the commands of a request that go to one node, in their order, and the memory that they are sent from. */
import type { BufferPool } from '../memory/buffer-pool.ts'
import { PooledMemory } from '../memory/pooled-memory.ts'
import { addHead, type CommandHead, type CommandRun } from '../resp/command-run.ts'
import type { EncodedCommands } from '../resp/encoded-commands.ts'
import type { RedisNode } from '../session/redis-node.ts'

const ASKING = Buffer.from('*1\r\n$6\r\nASKING\r\n')
const ASKING_HEAD: CommandHead = { name: 'ASKING', args: 0 }
/** The index of an ASKING in front of a command. */
const INSERTED = -1

/** Fewer bytes that follow each other are copied together with others, which costs less than a write of their own. */
const LEAST_VIEW = 1 << 13

export class NodeShare {
  readonly node: RedisNode
  readonly runs: CommandRun[] = []
  /** The number of commands. */
  count = 0
  readonly #commands: EncodedCommands
  /** Each range of commands that follow each other has the number of its first one in the share, its index in the request, and bytes. */
  readonly #firsts: number[] = []
  readonly #indexes: number[] = []
  readonly #sizes: number[] = []

  constructor(node: RedisNode, commands: EncodedCommands) {
    this.node = node
    this.#commands = commands
  }

  /** Adds commands that follow each other in memory and have the same head. */
  add(index: number, count: number): void {
    addHead(this.runs, this.#commands.headOf(index), count)
    if (!this.#isNext(index)) this.#begin(index)
    this.#grow(count, this.#commands.sizeOf(index, count))
  }

  /** Has an ASKING sent in front of the command that is added next. */
  addAsking(): void {
    addHead(this.runs, ASKING_HEAD)
    this.#begin(INSERTED)
    this.#grow(1, ASKING.length)
  }

  /** Returns the index in the request of a command of the share; undefined for an ASKING. */
  indexOf(number: number): number | undefined {
    let [low, high] = [0, this.#firsts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#firsts[middle]! <= number) low = middle
      else high = middle - 1
    }
    const index = this.#indexes[low]!
    return index === INSERTED ? undefined : index + number - this.#firsts[low]!
  }

  /** Returns the commands as they are sent, and the memory of those that were copied. */
  chunks(pool: BufferPool): { chunks: Buffer[]; memory: PooledMemory } {
    const copied = this.#sizes.reduce((sum, size) => (size < LEAST_VIEW ? sum + size : sum), 0)
    const memory = new PooledMemory(copied, pool)
    const chunks: Buffer[] = []
    let [start, end] = [0, 0]
    const close = (): void => {
      if (end > start) chunks.push(memory.bytes.subarray(start, end))
      start = end
    }
    for (const [range, index] of this.#indexes.entries()) {
      const count = (this.#firsts[range + 1] ?? this.count) - this.#firsts[range]!
      if (index === INSERTED) end += ASKING.copy(memory.bytes, end)
      else if (this.#sizes[range]! < LEAST_VIEW) end += this.#commands.copy(index, memory.bytes, end, count)
      else {
        close()
        chunks.push(this.#commands.view(index, count))
      }
    }
    close()
    return { chunks, memory }
  }

  /** Returns whether a command lies in memory behind the one that was added last. */
  #isNext(index: number): boolean {
    const range = this.#indexes.length - 1
    const last = this.#indexes[range] ?? INSERTED
    return (
      last !== INSERTED && this.#commands.areTogether && index === last + this.count - this.#firsts[range]!
    )
  }

  #begin(index: number): void {
    this.#firsts.push(this.count)
    this.#indexes.push(index)
    this.#sizes.push(0)
  }

  #grow(count: number, size: number): void {
    this.count += count
    this.#sizes[this.#sizes.length - 1]! += size
  }
}
