/**
 * A lane carries bulk writes to one server: shipments of encoded commands go out in order, and every reply is
 * read. What was not confirmed when a connection breaks is kept, and goes out again, in order, on the next one.
 */
import type { Socket } from 'node:net'
import type { ConnectorError } from '../errors.ts'
import { ReplyReader } from './replies.ts'
import { judgeReply, type Where } from './verdict.ts'

/** A command that the server refused for what it writes; the others of its shipment are unharmed. */
export interface Rejection {
  /** Which command of the shipment, from 0. */
  index: number
  error: ConnectorError
}

interface Shipment {
  readonly bytes: Buffer
  readonly commands: number
  answered: number
  rejections: Rejection[]
  readonly resolve: (rejections: Rejection[]) => void
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
  readonly #unconfirmed: Shipment[] = []
  #socket: Socket | undefined

  constructor(where: Where, events: LaneEvents) {
    this.#where = where
    this.#events = events
  }

  get unconfirmed(): number {
    return this.#unconfirmed.length
  }

  /**
   * Sends commands. Resolves when every reply to them is in, with the rejected ones; rejects when the server
   * answers that it is no use to go on. `bytes` must stay as they are until then.
   */
  send(bytes: Buffer, commands: number): Promise<Rejection[]> {
    if (commands === 0) return Promise.resolve([])
    const { promise, resolve, reject } = Promise.withResolvers<Rejection[]>()
    this.#unconfirmed.push({ bytes, commands, answered: 0, rejections: [], resolve, reject })
    this.#socket?.write(bytes)
    return promise
  }

  /** Uses a new connection: what is unconfirmed goes out again. */
  attach(socket: Socket): void {
    const reader = new ReplyReader({ fine: () => this.#answered(), error: (text) => this.#refused(text) })
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
      shipment.rejections = []
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

  #answered(): void {
    const shipment = this.#unconfirmed[0]
    if (this.#socket === undefined || shipment === undefined) return
    if (++shipment.answered < shipment.commands) return
    this.#unconfirmed.shift()
    this.#events.confirmed()
    shipment.resolve(shipment.rejections)
  }

  #refused(text: string): void {
    const shipment = this.#unconfirmed[0]
    if (this.#socket === undefined || shipment === undefined) return
    const { verdict, error } = judgeReply(text, this.#where)
    if (verdict === 'again') return this.#events.refused(error)
    if (verdict === 'stop') shipment.reject(error)
    shipment.rejections.push({ index: shipment.answered, error })
    this.#answered()
  }
}
