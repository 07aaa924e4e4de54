/** Sends encoded commands over one connection, in order, and reads the reply to each of them. */
import type { Socket } from 'node:net'
import type { ConnectorError } from '../../errors.ts'
import { ReplyReader, textIn, valuesIn, type ReplyOutcome } from '../resp/reply-reader.ts'
import { classifyReply } from '../failures/error-classifier.ts'
import { REPLY_MS, ResponseTimeout } from './response-timeout.ts'
import { SlicedWriter } from './sliced-writer.ts'
import type { ReplySource } from '../failures/reply-rules.ts'

/** Encoded commands that are sent together. */
export interface PipelineWrite {
  /** Must not change until every reply to them is in. */
  readonly bytes: Buffer
  /** The number of commands; of a transaction, without MULTI and EXEC around them. */
  readonly commands: number
  readonly isTransaction?: boolean
  /** Whether the numbers in the replies are wanted. */
  readonly isCounted?: boolean
  /** Whether the values in the replies are wanted: arrays, or simple strings. */
  readonly isReading?: boolean
}

/** A command that the server refused because of its data; the other commands are not affected. */
interface Rejection {
  /** The number of the command in the write, from 0. */
  index: number
  error: ConnectorError
}

export interface WriteResult {
  rejections: Rejection[]
  /** The number in the reply to each command, where these are wanted. */
  done: number[]
  /** The values in the reply to each command, where these are wanted. */
  read: (string | null)[][]
  /** Whether it was run and its replies were lost. */
  isUnseen?: boolean
}

/** The replies of one node to a write. */
export interface NodeResult extends WriteResult {
  /** Commands that belong to another node, each with the error reply that says so. */
  elsewhere: { index: number; text: string }[]
  /** An error that no other attempt can avoid. */
  problem: Error | undefined
}

interface Sent extends PipelineWrite {
  /** The number of replies so far. */
  answered: number
  readonly reading: NodeResult
  readonly resolve: (reading: NodeResult) => void
  /** Called when the server refuses it for now, so that it was not run. */
  readonly refused: () => void
}

export interface WritePipelineEvents {
  /** The connection cannot be used any more: it is silent, or the server takes no writes now. */
  lost(reason: unknown): void
  /** Returns whether an error reply sends the command to another node. */
  isRedirection(text: string): boolean
}

export class WritePipeline {
  readonly #source: ReplySource
  readonly #events: WritePipelineEvents
  readonly #writer: SlicedWriter
  readonly #timeout: ResponseTimeout
  /** Writes without all of their replies, the oldest first. */
  readonly #unanswered: Sent[] = []
  #isClosed = false

  constructor(source: ReplySource, socket: Socket, events: WritePipelineEvents, replyMs = REPLY_MS) {
    this.#source = source
    this.#events = events
    this.#timeout = new ResponseTimeout(source.where, replyMs, (reason) => events.lost(reason))
    this.#writer = new SlicedWriter(socket, () => this.#timeout.progress())
    const reader = new ReplyReader({
      one: (outcome, bytes, start, end) => this.#take(outcome, bytes, start, end),
      many: (outcomes, reply) => this.#takeAll(outcomes, reply),
    })
    socket.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return
      this.#timeout.progress()
      try {
        reader.read(chunk)
      } catch (error) {
        events.lost(error)
      }
    })
    socket.once('close', () => this.#timeout.end())
  }

  /** Sends commands. Resolves when every reply to them is in; never, when the connection is lost before that. */
  send(write: PipelineWrite, refused: () => void = () => {}): Promise<NodeResult> {
    const { promise, resolve } = Promise.withResolvers<NodeResult>()
    const reading: NodeResult = { rejections: [], done: [], read: [], elsewhere: [], problem: undefined }
    this.#unanswered.push({ ...write, answered: 0, reading, resolve, refused })
    this.#timeout.expect()
    this.#writer.write(write.bytes)
    return promise
  }

  /** Ignores every reply from now on. */
  close(): void {
    this.#isClosed = true
    this.#timeout.end()
  }

  #take(outcome: ReplyOutcome, bytes: Buffer, start: number, end: number): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    if (typeof outcome === 'string' && !this.#takeError(sent, sent.answered, outcome)) return
    if (sent.isReading) sent.reading.read.push([textIn(bytes, start, end)])
    if (sent.isCounted && !sent.isTransaction) sent.reading.done.push(Number(outcome) || 0)
    this.#answered(sent)
  }

  /** Takes the values that a command read; or the replies of EXEC, after those to MULTI and to each command. */
  #takeAll(outcomes: ReplyOutcome[], reply: Buffer): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    if (sent.isReading) {
      sent.reading.read.push(valuesIn(reply))
      return this.#answered(sent)
    }
    for (const [index, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string' && !this.#takeError(sent, index, outcome)) return
      if (sent.isCounted) sent.reading.done.push(Number(outcome) || 0)
    }
    this.#answered(sent)
  }

  /** Returns false when the connection cannot be used any more. */
  #takeError({ reading, isTransaction, refused }: Sent, index: number, text: string): boolean {
    if (this.#events.isRedirection(text)) {
      reading.elsewhere.push({ index, text })
      return true
    }
    // The transaction was not run, as one of its commands belongs to another node.
    if (isTransaction === true && reading.elsewhere.length > 0 && text.startsWith('EXECABORT')) return true
    const { handling, error } = classifyReply(text, this.#source)
    if (handling === 'retry') {
      refused()
      this.#events.lost(error)
      return false
    }
    if (handling === 'stop') reading.problem ??= error
    reading.rejections.push({ index, error })
    return true
  }

  #answered(sent: Sent): void {
    if (++sent.answered < sent.commands + (sent.isTransaction ? 2 : 0)) return
    this.#unanswered.shift()
    this.#timeout.received()
    sent.resolve(sent.reading)
  }
}
