/**
 * A lane carries bulk writes to one server: shipments of encoded commands go out in order, and every reply is
 * read. What was not confirmed when a connection breaks is kept, and goes out again, in order, on the next one.
 */
import type { Socket } from 'node:net'
import type { ConnectorError } from '../errors.ts'
import { ReplyReader, textIn, valuesIn, type Outcome } from './replies.ts'
import { judgeReply, type Where } from './verdict.ts'

/** Encoded commands that go out together. */
export interface Shipment {
  /** Must stay as they are until the shipment is confirmed. */
  readonly bytes: Buffer
  /** How many commands there are; of a transaction, without MULTI and EXEC around them. */
  readonly commands: number
  readonly isTransaction?: boolean
  /** Of a transaction that must not be run twice: its number among those, which it leaves on the server. */
  readonly sequence?: number | undefined
  /** A number that it leaves on the server when it has been run; it may be run again. */
  readonly mark?: number
  /** Whether it matters how much each command did. */
  readonly isCounted?: boolean
  /** Whether what its commands read is wanted: arrays, or simple strings. */
  readonly isReading?: boolean
}

/** A command that the server refused for what it writes; the others of its shipment are unharmed. */
interface Rejection {
  /** Which command of the shipment, from 0. */
  index: number
  error: ConnectorError
}

export interface Answers {
  rejections: Rejection[]
  /** How much each command did, where that is counted. */
  done: number[]
  /** What each command read, where that was asked for. */
  read: (string | null)[][]
  /** The shipment was run, but its replies were lost. */
  isUnseen?: boolean
}

interface Sent extends Shipment {
  /** Replies so far. */
  answered: number
  answers: Answers
  readonly resolve: (answers: Answers) => void
  readonly reject: (error: Error) => void
}

export interface LaneEvents {
  /** Replies came in. */
  heard(): void
  /** Every reply to the oldest shipment is in. */
  confirmed(): void
  /** The server cannot take writes now: this connection is of no more use. */
  refused(error: unknown): void
}

export class Lane {
  readonly #where: Where
  readonly #events: LaneEvents
  /** Oldest first; those before the one in front have been confirmed. */
  readonly #unconfirmed: Sent[] = []
  #socket: Socket | undefined

  constructor(where: Where, events: LaneEvents) {
    this.#where = where
    this.#events = events
  }

  get unconfirmed(): number {
    return this.#unconfirmed.length
  }

  /** The number of the oldest unconfirmed transaction that must not be run twice. */
  get oldestSequence(): number | undefined {
    return this.#unconfirmed.find(({ sequence }) => sequence !== undefined)?.sequence
  }

  /**
   * Sends commands. Resolves when every reply to them is in, with the rejected ones; rejects when the server
   * answers that it is no use to go on.
   */
  send(shipment: Shipment): Promise<Answers> {
    const answers: Answers = { rejections: [], done: [], read: [] }
    if (shipment.commands === 0) return Promise.resolve(answers)
    const { promise, resolve, reject } = Promise.withResolvers<Answers>()
    this.#unconfirmed.push({ ...shipment, answered: 0, answers, resolve, reject })
    this.#socket?.write(shipment.bytes)
    return promise
  }

  /**
   * Uses a new connection: what is unconfirmed goes out again, but for transactions numbered up to `run`, which
   * the server has run already.
   */
  attach(socket: Socket, run = 0): void {
    this.#confirmUnseen(run)
    const reader = new ReplyReader({
      one: (outcome, bytes, start, end) => this.#take(outcome, bytes, start, end),
      many: (outcomes, reply) => this.#takeAll(outcomes, reply),
    })
    socket.on('data', (chunk: Buffer) => {
      if (socket !== this.#socket) return
      this.#events.heard()
      try {
        reader.read(chunk)
      } catch (error) {
        this.#events.refused(error)
      }
    })
    this.#socket = socket
    for (const shipment of this.#unconfirmed) {
      shipment.answered = 0
      shipment.answers = { rejections: [], done: [], read: [] }
      socket.write(shipment.bytes)
    }
  }

  /** The connection is gone. */
  detach(): void {
    this.#socket = undefined
  }

  /** Nothing more will be sent: whoever waits is told why. */
  fail(error: Error): void {
    this.detach()
    for (const shipment of this.#unconfirmed.splice(0)) shipment.reject(error)
  }

  #confirmUnseen(run: number): void {
    const isUnseen = ({ sequence }: Sent): boolean => sequence !== undefined && sequence <= run
    const unseen = this.#unconfirmed.filter(isUnseen)
    if (unseen.length === 0) return
    this.#unconfirmed.splice(0, Infinity, ...this.#unconfirmed.filter((sent) => !isUnseen(sent)))
    for (const { resolve } of unseen) resolve({ rejections: [], done: [], read: [], isUnseen: true })
  }

  #take(outcome: Outcome, bytes: Buffer, start: number, end: number): void {
    const sent = this.#unconfirmed[0]
    if (this.#socket === undefined || sent === undefined) return
    if (typeof outcome === 'string' && !this.#note(sent, sent.answered, outcome)) return
    if (sent.isReading) sent.answers.read.push([textIn(bytes, start, end)])
    if (sent.isCounted && !sent.isTransaction) sent.answers.done.push(Number(outcome) || 0)
    this.#answered(sent)
  }

  /** What a command has read; or what a transaction gives, behind an answer to MULTI and to each of its commands. */
  #takeAll(outcomes: Outcome[], reply: Buffer): void {
    const sent = this.#unconfirmed[0]
    if (this.#socket === undefined || sent === undefined) return
    if (sent.isReading) {
      sent.answers.read.push(valuesIn(reply))
      return this.#answered(sent)
    }
    for (const [index, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string' && !this.#note(sent, index, outcome)) return
      if (sent.isCounted) sent.answers.done.push(Number(outcome) || 0)
    }
    this.#answered(sent)
  }

  /** Notes an error; false when the connection is of no more use. */
  #note(sent: Sent, index: number, text: string): boolean {
    const { verdict, error } = judgeReply(text, this.#where)
    if (verdict === 'again') {
      this.#events.refused(error)
      return false
    }
    if (verdict === 'stop') sent.reject(error)
    sent.answers.rejections.push({ index, error })
    return true
  }

  #answered(sent: Sent): void {
    if (++sent.answered < sent.commands + (sent.isTransaction ? 2 : 0)) return
    this.#unconfirmed.shift()
    this.#events.confirmed()
    sent.resolve(sent.answers)
  }
}
