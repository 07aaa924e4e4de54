/** Sends encoded commands over one connection, in order, and reads the reply to each of them. */
import type { Socket } from 'node:net'
import type { ConnectorError, TransientError } from '../../errors.ts'
import { argumentsAt } from '../resp/command-cursor.ts'
import type { CommandRun } from '../resp/command-run.ts'
import { ReplyReader, type ReplyOutcome } from '../resp/reply-reader.ts'
import { textIn, valuesIn } from '../resp/reply-values.ts'
import { classifyReply } from '../failures/error-classifier.ts'
import { ExpectedReplies } from './expected-replies.ts'
import { ResponseTimeout } from './response-timeout.ts'
import { REPLY_MS } from './time-limits.ts'
import { SlicedWriter } from './sliced-writer.ts'
import type { ReplySource } from '../failures/reply-rules.ts'

/** Encoded commands that are sent together. */
export interface PipelineWrite {
  /** Sent one after the other. They must not change until every reply is in. */
  readonly chunks: readonly Buffer[]
  /** All commands in the chunks. */
  readonly runs: readonly CommandRun[]
  /** The number of commands; of a transaction, without MULTI and EXEC around them. */
  readonly commands: number
  /** `counted`: the numbers in the replies are wanted. `read`: the values in the replies are wanted. */
  readonly kind: 'plain' | 'counted' | 'read' | 'transaction'
}

/** A command that the server refused because of its data; the other commands are not affected. */
interface Rejection {
  /** The number of the command in the write, from 0. */
  index: number
  error: ConnectorError
}

export interface WriteResult {
  rejections: Rejection[]
  /** The number in the reply to each command, where these are wanted, or of a transaction. */
  done: number[]
  /** The values in the reply to each command, where these are wanted: of arrays, or of simple strings. */
  read: (string | null)[][]
  /** Whether it was run and its replies were lost. */
  isUnseen?: boolean
}

/** The replies of one node to a write. */
export interface NodeResult extends WriteResult {
  /** Commands that belong to another node, each with the error reply that says so. */
  elsewhere: { index: number; text: string }[]
  /** An error that no other attempt can avoid. */
  problem: ConnectorError | undefined
  /** The server takes no writes now: the write, or a command of it, was not run. */
  refusal: TransientError | undefined
  /** Of a transaction that was run: what each of its commands returned. */
  exec: readonly ReplyOutcome[] | undefined
  /** Of a transaction: whether MULTI was refused and a command behind it was run all the same. */
  hasRunBare: boolean
}

interface Sent extends PipelineWrite {
  /** The number of replies so far. */
  answered: number
  isMultiRefused: boolean
  readonly expected: ExpectedReplies
  readonly result: NodeResult
  readonly resolve: (result: NodeResult) => void
  readonly multiRefused: () => void
}

export interface WritePipelineEvents {
  /** The server takes no writes now; the replies to what was sent are still read. */
  refused(error: TransientError): void
  /** The connection cannot be used any more: it is silent, or no Redis server answers. */
  lost(reason: unknown): void
  /** Returns whether an error reply sends the command to another node. */
  isRedirection(text: string): boolean
}

export class WritePipeline {
  readonly #source: ReplySource
  readonly #events: WritePipelineEvents
  readonly #socket: Socket
  readonly #writer: SlicedWriter
  readonly #timeout: ResponseTimeout
  /** Writes without all of their replies, the oldest first. */
  readonly #unanswered: Sent[] = []
  #isClosed = false

  constructor(source: ReplySource, socket: Socket, events: WritePipelineEvents, replyMs = REPLY_MS) {
    this.#source = source
    this.#events = events
    this.#socket = socket
    this.#timeout = new ResponseTimeout(source.where, replyMs, (reason) => events.lost(reason))
    this.#writer = new SlicedWriter(socket, () => this.#timeout.progress())
    const reader = new ReplyReader({
      expected: () => this.#unanswered[0]?.expected.next,
      alike: () => alikeIn(this.#unanswered[0]),
      good: (count) => this.#passed(count),
      one: (outcome, bytes, start, end) => this.#take(outcome, bytes, start, end),
      many: (outcomes, reply) => this.#takeAll(outcomes, reply),
    })
    socket.on('data', (chunk: Buffer) => {
      if (this.#isClosed) return
      this.#timeout.receivedBytes()
      try {
        reader.read(chunk)
      } catch (error) {
        events.lost(error)
      }
    })
    socket.once('close', () => this.#timeout.end())
  }

  /**
   * Sends commands. Resolves when every reply to them is in; never, when the connection is lost before that.
   * `multiRefused` is called when the reply to a transaction's MULTI is an error: what follows may run on its own.
   */
  send(write: PipelineWrite, multiRefused: () => void = () => {}): Promise<NodeResult> {
    const { promise, resolve } = Promise.withResolvers<NodeResult>()
    const result: NodeResult = {
      rejections: [],
      done: [],
      read: [],
      elsewhere: [],
      problem: undefined,
      refusal: undefined,
      exec: undefined,
      hasRunBare: false,
    }
    this.#unanswered.push({
      ...write,
      answered: 0,
      isMultiRefused: false,
      expected: new ExpectedReplies(write.runs, write.kind === 'transaction'),
      result,
      resolve,
      multiRefused,
    })
    this.#timeout.expect()
    this.#corkForNow()
    for (const chunk of write.chunks) this.#writer.write(chunk)
    return promise
  }

  /** Bytes of commands that the connection has not taken yet. */
  get unsentBytes(): number {
    return this.#writer.unsentBytes
  }

  /** Has everything that is sent at the same time leave together: each write to a socket is work for the server, too. */
  #corkForNow(): void {
    if (this.#socket.writableCorked > 0) return
    this.#socket.cork()
    process.nextTick(() => this.#socket.uncork())
  }

  /** Ignores every reply from now on. */
  close(): void {
    this.#isClosed = true
    this.#timeout.end()
  }

  #take(outcome: ReplyOutcome, bytes: Buffer, start: number, end: number): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    const { kind, result, answered } = sent
    if (kind === 'transaction') this.#takeOfTransaction(sent, outcome)
    else {
      if (typeof outcome === 'string') this.#takeError(sent, answered, outcome)
      if (kind === 'read') result.read.push([textIn(bytes, start, end)])
      if (kind === 'counted') result.done.push(Number(outcome) || 0)
    }
    this.#answered(sent, 1)
  }

  /** Takes the values that a command read, or the replies of EXEC. */
  #takeAll(outcomes: ReplyOutcome[], reply: Buffer): void {
    const sent = this.#unanswered[0]
    if (this.#isClosed || sent === undefined) return
    const { kind, result, answered, commands } = sent
    if (kind === 'read') result.read.push(valuesIn(reply))
    else if (kind === 'transaction' && answered === commands + 1) {
      result.exec = outcomes
      result.done = outcomes.map((outcome) => (typeof outcome === 'number' ? outcome : 0))
      for (let index = 0; index < outcomes.length; index++) {
        const outcome = outcomes[index]!
        if (typeof outcome === 'string') this.#takeError(sent, index, outcome)
      }
    } else if (sent.isMultiRefused) result.hasRunBare = true
    this.#answered(sent, 1)
  }

  /** Takes a reply to MULTI, to a command that was queued, or to an EXEC that was refused. */
  #takeOfTransaction(sent: Sent, outcome: ReplyOutcome): void {
    const { result, answered, commands } = sent
    const isExec = answered === commands + 1
    if (typeof outcome !== 'string') {
      if (sent.isMultiRefused && answered > 0 && !isExec) result.hasRunBare = true
      return
    }
    const isDiscarded =
      result.elsewhere.length > 0 || result.refusal !== undefined || result.problem !== undefined
    // The reason was in an earlier reply.
    if (isExec && isDiscarded && /^(EXECABORT|ERR EXEC without MULTI)/.test(outcome)) return
    if (answered === 0) {
      sent.isMultiRefused = true
      sent.multiRefused()
    }
    this.#takeError(sent, Math.max(0, answered - 1), outcome)
  }

  /** `index`: the number of the command in the write; of a transaction, without MULTI. */
  #takeError(sent: Sent, index: number, text: string): void {
    const { result, kind, chunks, expected } = sent
    if (this.#events.isRedirection(text)) {
      result.elsewhere.push({ index, text })
      return
    }
    const { handling, error } = classifyReply(text, this.#source, {
      name: expected.next?.command || 'a command',
      args: () => argumentsAt(chunks, kind === 'transaction' ? index + 1 : index),
    })
    if (handling === 'retry') {
      result.refusal ??= error
      this.#events.refused(error)
      return
    }
    if (handling === 'stop') result.problem ??= error
    result.rejections.push({ index, error })
  }

  #passed(count: number): void {
    const sent = this.#unanswered[0]
    if (!this.#isClosed && sent !== undefined) this.#answered(sent, count)
  }

  #answered(sent: Sent, count: number): void {
    sent.expected.pass(count)
    sent.answered += count
    if (sent.answered < sent.commands + (sent.kind === 'transaction' ? 2 : 0)) return
    this.#unanswered.shift()
    this.#timeout.received()
    sent.resolve(sent.result)
  }
}

/** Returns how many of the next replies say nothing but that they are good. */
function alikeIn(sent: Sent | undefined): number {
  if (sent === undefined || sent.isMultiRefused) return 0
  return sent.kind === 'plain' || sent.kind === 'transaction' ? sent.expected.alike : 0
}
