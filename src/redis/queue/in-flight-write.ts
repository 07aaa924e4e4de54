/** A request to the write pipelines and what has become of it: one state, and one function that changes it. */
import type { Address } from '../../config/settings/config.ts'
import type { WriteResult, NodeResult } from '../session/write-pipeline.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import type { PipelineRequest } from '../sequencing/pipeline-request.ts'
import type { Sequence } from '../sequencing/sequence-numbers.ts'

/** The commands of a request that were sent to one node. */
export interface SentShare {
  readonly count: number
  /** Returns the index in the request of a command, by its number among those; undefined where it is not of the request. */
  indexOf(number: number): number | undefined
}

/** A command that is still to be sent, and the node that it has to be sent to by ASK. */
export interface PendingCommand {
  readonly index: number
  readonly asked: Address | undefined
}

/** A number that a marker has left on a node. */
export interface LeftNumber {
  readonly sequence: Sequence
  readonly number: number
}

export type InFlightState =
  /** It is to be sent, or some of its commands are. */
  | { readonly kind: 'queued'; readonly pending: 'all' | readonly PendingCommand[] }
  /** It waits for the reply to the transaction before it. */
  | { readonly kind: 'waiting' }
  /** `open` nodes have not replied. `isBare`: its MULTI was refused, so its commands may run one by one. */
  | { readonly kind: 'sent'; readonly open: number; readonly isBare: boolean }
  /** The replies send commands to other nodes. */
  | { readonly kind: 'redirected' }
  /** The server refused it for now; it is sent again over the next connection. */
  | { readonly kind: 'refused' }
  /** All replies are in. It may still have to be sent again, if the servers lose it before it is confirmed. */
  | { readonly kind: 'answered' }

const QUEUED: InFlightState = { kind: 'queued', pending: 'all' }

/** Which states may follow each. A new connection queues everything that is not confirmed. */
const FOLLOWING: Record<InFlightState['kind'], readonly InFlightState['kind'][]> = {
  queued: ['queued', 'waiting', 'sent', 'answered'],
  waiting: ['queued', 'sent'],
  sent: ['sent', 'redirected', 'refused', 'answered', 'queued'],
  redirected: ['queued', 'answered'],
  refused: ['queued'],
  answered: ['queued', 'answered'],
}

export class InFlightWrite<Request extends PipelineRequest = PipelineRequest> {
  readonly request: Request
  readonly promise: Promise<WriteResult>
  readonly result: WriteResult = { rejections: [], done: [], read: [] }
  state: InFlightState = QUEUED
  /** Of a transaction that runs once: the number that it was sent with last. */
  number = 0
  /** Of a marker: the numbers that the nodes have. */
  left: LeftNumber[] = []
  problem: Error | undefined
  /** The first complete replies count; replies to a later attempt are ignored. */
  #hasReplies = false
  readonly #resolve: (result: WriteResult) => void
  readonly #reject: (error: Error) => void
  #elsewhere: { index: number; redirection: Redirection }[] = []

  constructor(request: Request) {
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    this.request = request
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  move(next: InFlightState): void {
    if (!FOLLOWING[this.state.kind].includes(next.kind))
      throw new Error(`a write cannot be ${next.kind} that is ${this.state.kind}`)
    this.state = next
  }

  /** Returns whether its replies are in. */
  get isAnswered(): boolean {
    return this.state.kind === 'answered'
  }

  /** Returns whether complete replies have been taken, also those that were lost with a server since. */
  get hasReplies(): boolean {
    return this.#hasReplies
  }

  /** Has all of it sent again. */
  requeue(): void {
    this.#elsewhere = []
    this.left = []
    this.move(QUEUED)
  }

  /** `isUnseen`: it was run, and its replies were lost. */
  answer(isUnseen = false): void {
    this.move({ kind: 'answered' })
    if (isUnseen && !this.#hasReplies) this.result.isUnseen = true
    this.#hasReplies = true
  }

  /**
   * Takes the replies of one node, and returns the redirections in them. `share`: the commands of the request that were sent
   * there, undefined where all of them were.
   */
  take(from: Address, replies: NodeResult, share?: SentShare): Redirection[] {
    this.problem ??= replies.problem
    const elsewhere = replies.elsewhere.flatMap(({ index, text }) => {
      const redirection = readRedirection(text, from)
      return redirection === undefined ? [] : [{ index: share ? share.indexOf(index) : index, redirection }]
    })
    for (const { index, redirection } of elsewhere)
      if (index !== undefined) this.#elsewhere.push({ index, redirection })
    if (!this.#hasReplies) this.#merge(replies, share)
    this.#moveBehindReplies(replies)
    return elsewhere.map(({ redirection }) => redirection)
  }

  #moveBehindReplies({ refusal }: NodeResult): void {
    const { state } = this
    if (state.kind !== 'sent') return
    const open = state.open - 1
    if (refusal !== undefined) this.move({ kind: 'refused' })
    else if (open > 0) this.move({ ...state, open })
    else if (this.#elsewhere.length > 0) this.move({ kind: 'redirected' })
    else this.move({ ...state, open })
  }

  /**
   * Queues the commands that were redirected, and those behind them in the same slots, which must not overtake them.
   * `slots` has the slots of which something is sent again, and gets those of this request.
   */
  queueRedirected(slots: Set<number>): void {
    const { request } = this
    const elsewhere = this.#elsewhere
    this.#elsewhere = []
    switch (request.kind) {
      case 'marker':
        if (elsewhere.length > 0) this.move(QUEUED)
        return
      case 'transaction':
        return this.#queueTransaction(request, elsewhere.length > 0, slots)
      case 'write':
      case 'read':
        return this.#queueCommands(request, elsewhere, slots)
    }
  }

  #queueTransaction(
    { slot, isRepeatable }: Extract<PipelineRequest, { kind: 'transaction' }>,
    isRedirected: boolean,
    slots: Set<number>,
  ): void {
    // One that runs once does not run when the one before it in its slot was redirected, and cannot be repeated if it did.
    const isBehind = isRepeatable && slots.has(slot!)
    if (!isRedirected && !isBehind) return
    slots.add(slot!)
    this.move(QUEUED)
  }

  #queueCommands(
    { commands }: Extract<PipelineRequest, { kind: 'write' | 'read' }>,
    elsewhere: readonly { index: number; redirection: Redirection }[],
    slots: Set<number>,
  ): void {
    if (elsewhere.length === 0 && slots.size === 0) return
    const asked = new Map(
      elsewhere.map(({ index, redirection: { kind, address } }) => [
        index,
        kind === 'ask' ? address : undefined,
      ]),
    )
    const pending: PendingCommand[] = []
    for (let index = 0; index < commands.count; index++) {
      const slot = commands.slotOf(index)
      if (asked.has(index)) slots.add(slot)
      if (slots.has(slot)) pending.push({ index, asked: asked.get(index) })
    }
    if (pending.length > 0) this.move({ kind: 'queued', pending })
  }

  resolve(): void {
    this.#resolve(this.result)
  }

  readonly reject = (error: Error): void => this.#reject(error)

  /** A command that runs a second time may find done already what it did the first time. */
  #merge({ rejections, done, read }: NodeResult, share: SentShare | undefined): void {
    const { request, result } = this
    if (share === undefined) {
      result.rejections = rejections
      const isCounted = 'isCounted' in request && request.isCounted
      result.done = isCounted ? done.map((count, index) => Math.max(count, result.done[index] ?? 0)) : []
      result.read = read
      return
    }
    if (result.rejections.length > 0) {
      const redone = new Set(Array.from({ length: share.count }, (_, number) => share.indexOf(number)))
      result.rejections = result.rejections.filter(({ index }) => !redone.has(index))
    }
    for (const { index: number, error } of rejections) {
      const index = share.indexOf(number)
      if (index !== undefined) result.rejections.push({ index, error })
    }
    for (let number = 0; number < Math.max(read.length, done.length); number++) {
      const index = share.indexOf(number)
      if (index === undefined) continue
      if (number < read.length) result.read[index] = read[number]!
      if (number < done.length) result.done[index] = Math.max(done[number]!, result.done[index] ?? 0)
    }
  }
}
