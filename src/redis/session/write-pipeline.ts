/** A lane carries bulk writes over one connection: loads of encoded commands go out in order, and every reply is read. */
import type { Socket } from 'node:net'
import type { ConnectorError } from '../../errors.ts'
import { ReplyReader, textIn, valuesIn, type ReplyOutcome } from '../resp/reply-reader.ts'
import { classifyReply } from '../failures/error-classifier.ts'
import type { Where } from '../transport/address.ts'

/** Encoded commands that go out together. */
export interface PipelineWrite {
  /** Must stay as they are until every reply to them is in. */
  readonly bytes: Buffer
  /** How many commands there are; of a transaction, without MULTI and EXEC around them. */
  readonly commands: number
  readonly isTransaction?: boolean
  /** Whether it matters how much each command did. */
  readonly isCounted?: boolean
  /** Whether what its commands read is wanted: arrays, or simple strings. */
  readonly isReading?: boolean
}

/** A command that the server refused for what it writes; the others of its load are unharmed. */
interface Rejection {
  /** Which command of the load, from 0. */
  index: number
  error: ConnectorError
}

export interface WriteResult {
  rejections: Rejection[]
  /** How much each command did, where that is counted. */
  done: number[]
  /** What each command read, where that was asked for. */
  read: (string | null)[][]
  /** It was run, but its replies were lost. */
  isUnseen?: boolean
}

/** What one connection gave for a load. */
export interface NodeResult extends WriteResult {
  /** Commands that another server is to be given, and what this one said to them. */
  elsewhere: { index: number; text: string }[]
  /** It is no use to go on. */
  problem: Error | undefined
}

interface Sent extends PipelineWrite {
  /** Replies so far. */
  answered: number
  readonly reading: NodeResult
  readonly resolve: (reading: NodeResult) => void
  /** Is told that the server refused it for now. */
  readonly refused: () => void
}

export interface WritePipelineEvents {
  /** Replies came in. */
  heard(): void
  /** The server cannot take writes now: this connection is of no more use. */
  refused(error: unknown): void
  /** Whether an error says that another server is to be asked. */
  isElsewhere(text: string): boolean
}

export class WritePipeline {
  readonly #where: Where
  readonly #events: WritePipelineEvents
  readonly #socket: Socket
  /** Oldest first; those before the one in front have been answered. */
  readonly #unanswered: Sent[] = []
  #isClosed = false

  constructor(where: Where, socket: Socket, events: WritePipelineEvents) {
    this.#where = where
    this.#events = events
    this.#socket = socket
    const reader = new ReplyReader({
      one: (outcome, bytes, start, end) => this.#take(outcome, bytes, start, end),
      many: (outcomes, reply) => this.#takeAll(outcomes, reply),
    })
    socket.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return
      events.heard()
      try {
        reader.read(chunk)
      } catch (error) {
        events.refused(error)
      }
    })
  }

  get unanswered(): number {
    return this.#unanswered.length
  }

  /** Sends commands. Resolves when every reply to them is in; never, when the connection breaks before that. */
  send(load: PipelineWrite, refused: () => void = () => {}): Promise<NodeResult> {
    const { promise, resolve } = Promise.withResolvers<NodeResult>()
    const reading: NodeResult = { rejections: [], done: [], read: [], elsewhere: [], problem: undefined }
    this.#unanswered.push({ ...load, answered: 0, reading, resolve, refused })
    this.#socket.write(load.bytes)
    return promise
  }

  /** From now on no reply counts. */
  close(): void {
    this.#isClosed = true
  }

  #take(outcome: ReplyOutcome, bytes: Buffer, start: number, end: number): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    if (typeof outcome === 'string' && !this.#note(sent, sent.answered, outcome)) return
    if (sent.isReading) sent.reading.read.push([textIn(bytes, start, end)])
    if (sent.isCounted && !sent.isTransaction) sent.reading.done.push(Number(outcome) || 0)
    this.#answered(sent)
  }

  /** What a command has read; or what a transaction gives, behind an answer to MULTI and to each of its commands. */
  #takeAll(outcomes: ReplyOutcome[], reply: Buffer): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    if (sent.isReading) {
      sent.reading.read.push(valuesIn(reply))
      return this.#answered(sent)
    }
    for (const [index, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string' && !this.#note(sent, index, outcome)) return
      if (sent.isCounted) sent.reading.done.push(Number(outcome) || 0)
    }
    this.#answered(sent)
  }

  /** Notes an error; false when the connection is of no more use. */
  #note({ reading, isTransaction, refused }: Sent, index: number, text: string): boolean {
    if (this.#events.isElsewhere(text)) {
      reading.elsewhere.push({ index, text })
      return true
    }
    // The transaction was not run, as another server is to be given one of its commands.
    if (isTransaction === true && reading.elsewhere.length > 0 && text.startsWith('EXECABORT')) return true
    const { handling, error } = classifyReply(text, this.#where)
    if (handling === 'again') {
      refused()
      this.#events.refused(error)
      return false
    }
    if (handling === 'stop') reading.problem ??= error
    reading.rejections.push({ index, error })
    return true
  }

  #answered(sent: Sent): void {
    if (++sent.answered < sent.commands + (sent.isTransaction ? 2 : 0)) return
    this.#unanswered.shift()
    sent.resolve(sent.reading)
  }
}
