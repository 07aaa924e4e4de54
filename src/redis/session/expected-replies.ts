/** Says which replies the commands of one write can have, in their order. */
import { queuedReplyOf, replyShapeOf } from '../resp/command-replies.ts'
import type { CommandHead, CommandRun } from '../resp/command-run.ts'
import type { ExpectedReply } from '../resp/reply-reader.ts'
import { executed, type ReplyShape } from '../resp/reply-shape.ts'

/** The replies to a command, made once: there are few heads. */
interface HeadReplies {
  readonly own: ExpectedReply
  /** Between MULTI and EXEC. */
  readonly queued: ExpectedReply
}

const known = new WeakMap<CommandHead, HeadReplies>()

export class ExpectedReplies {
  readonly #runs: readonly CommandRun[]
  readonly #isTransaction: boolean
  #run = 0
  #current: ExpectedReply | undefined
  /** How many of the next commands have the same replies. */
  alike = 0

  /** `runs`: all commands of the write; of a transaction, MULTI and EXEC are the first and the last of them. */
  constructor(runs: readonly CommandRun[], isTransaction: boolean) {
    this.#runs = runs
    this.#isTransaction = isTransaction
    this.#begin()
  }

  /** The next one; undefined behind the last one. */
  get next(): ExpectedReply | undefined {
    return this.#current
  }

  /** Moves behind so many replies, which are alike. */
  pass(count: number): void {
    this.alike -= count
    if (this.alike > 0) return
    this.#run++
    this.#begin()
  }

  #begin(): void {
    const run = this.#runs[this.#run]
    this.alike = run?.count ?? 0
    this.#current = run && this.#repliesTo(run.head)
  }

  #repliesTo(head: CommandHead): ExpectedReply {
    if (!this.#isTransaction || this.#run === 0) return repliesOf(head).own
    if (this.#run < this.#runs.length - 1) return repliesOf(head).queued
    return { command: head.name, shape: executed(this.#shapesWithin()) }
  }

  #shapesWithin(): ReplyShape[] {
    const shapes: ReplyShape[] = []
    for (const { head, count } of this.#runs.slice(1, -1)) {
      const { shape } = repliesOf(head).own
      for (let left = count; left > 0; left--) shapes.push(shape)
    }
    return shapes
  }
}

function repliesOf(head: CommandHead): HeadReplies {
  let replies = known.get(head)
  if (replies === undefined) {
    const { name, args } = head
    replies = {
      own: { command: name, shape: replyShapeOf(name, args) },
      queued: { command: name, shape: queuedReplyOf(name, args) },
    }
    known.set(head, replies)
  }
  return replies
}
