/**
 * Shipments on their way. What was not answered when a connection breaks is kept, and goes out again, in order, on the
 * next one. What a cluster sends on to another node goes first when traffic goes on: nothing that came later overtakes it.
 */
import type { DurabilityWait } from './durability-wait.ts'
import { InFlightWrite, type WriteRequest } from './in-flight-write.ts'
import { RedirectionBarrier } from './redirection-barrier.ts'
import type { WriteResult, NodeResult } from '../session/write-pipeline.ts'
import { writesByNode, markersFor, type NodeWrite } from './node-routing.ts'
import type { SequenceNumbers } from './sequence-numbers.ts'
import { CommandQueue, type CommandQueueEvents } from './command-queue.ts'
import type { Redirection } from '../failures/redirection.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { Reply } from '../resp/reply.ts'

export interface WriteQueueEvents extends CommandQueueEvents {
  /** Everything under way is answered, and some of it has to go elsewhere: `goOn` is to be called. */
  redirected(redirections: readonly Redirection[]): void
}

export interface WriteQueueOptions {
  /** Of the transactions that must not be run twice. */
  once: SequenceNumbers
  /** Of what may be run twice. */
  marks: SequenceNumbers
  /** Where an answer is not enough. */
  durabilityWait: DurabilityWait | undefined
}

const NO_BYTES = Buffer.alloc(0)

export class WriteQueue {
  readonly #parts: WriteQueueOptions
  readonly #events: WriteQueueEvents
  readonly #barrier: RedirectionBarrier
  readonly #commandQueue: CommandQueue
  /** Not confirmed, in the order they were sent. */
  readonly #sent = new Set<InFlightWrite>()
  #nodes: NodePool | undefined
  #isAssuring = false

  constructor(parts: WriteQueueOptions, events: WriteQueueEvents) {
    this.#parts = parts
    this.#events = events
    this.#barrier = new RedirectionBarrier((redirections) => events.redirected(redirections))
    this.#commandQueue = new CommandQueue(this.#barrier, {
      // Servers that do not take what is waiting answer questions all the same.
      confirmed: () => {
        if (this.#isAllAnswered) events.confirmed()
      },
      refused: (reason) => events.refused(reason),
    })
  }

  /** Whether there are transactions that must not be run twice, and may have been run. */
  get hasUncertain(): boolean {
    return [...this.#sent].some(
      ({ sequence, mayHaveRun, isAnswered }) => sequence !== undefined && mayHaveRun && !isAnswered,
    )
  }

  get #isAllAnswered(): boolean {
    for (const { isAnswered } of this.#sent) if (!isAnswered) return false
    return true
  }

  ask(command: string, args: readonly (string | number)[]): Promise<Reply> {
    return this.#commandQueue.ask(command, args)
  }

  send(request: WriteRequest): Promise<WriteResult> {
    return this.#add(new InFlightWrite(request))
  }

  /** Leaves a number on each server that was written to; resolves when all that was sent before is confirmed. */
  async leaveMarks(): Promise<void> {
    await this.#add(new InFlightWrite({ bytes: NO_BYTES, commands: 0 }, []))
  }

  /** Uses new connections. `runs`: up to where the servers have run the transactions of each slot. */
  attach(nodes: NodePool, runs: ReadonlyMap<number | undefined, number>): void {
    this.#nodes = nodes
    this.#barrier.reset()
    this.#commandQueue.attach(nodes)
    for (const write of this.#sent) {
      const { sequence, mayHaveRun, request } = write
      const isRun = sequence !== undefined && mayHaveRun && sequence <= (runs.get(request.slot) ?? 0)
      if (isRun) this.#answered(write, !write.isAnswered)
      else write.again()
    }
    this.#advance()
  }

  /** The connections are gone. */
  detach(): void {
    this.#nodes = undefined
    this.#commandQueue.detach()
  }

  /** It is known where everything is now: what was sent on is sent again, and all that waited for it. */
  goOn(): void {
    this.#barrier.release()
    const slots = new Set<number>()
    let isSentAgain = false
    for (const write of this.#sent) {
      if (write.pending === undefined) write.gather(slots)
      // It tells of what was sent before it, wherever that goes now.
      if (isSentAgain && write.marks !== undefined) write.pending = 'all'
      isSentAgain ||= write.pending !== undefined
    }
    for (const write of this.#sent)
      if (write.pending === undefined && !write.isAnswered) this.#answered(write)
    this.#commandQueue.goOn()
    this.#advance()
  }

  /** Nothing more will be sent: whoever waits is told why. */
  fail(error: Error): void {
    this.detach()
    this.#commandQueue.fail(error)
    for (const { reject } of this.#sent) reject(error)
    this.#sent.clear()
  }

  #add(write: InFlightWrite): Promise<WriteResult> {
    this.#sent.add(write)
    this.#advance(write)
    return write.promise
  }

  /** Sends what may be sent; if nothing waits before it, that is the newest. */
  #advance(newest?: InFlightWrite): void {
    const nodes = this.#nodes
    if (nodes === undefined || this.#barrier.isOn) return
    if (newest !== undefined && !nodes.isCluster) return this.#dispatch(newest, nodes)
    let isBlocked = false
    let isFirst = true
    for (const write of this.#sent) {
      const { isReading, isBehindAll } = write.request
      if (isReading !== true) {
        // A note must be there before what it is about; on one server, order alone sees to that.
        if (isBehindAll === true && nodes.isCluster && !isFirst && write.pending !== undefined)
          isBlocked = true
      }
      // What is read may be older than what is on its way: whoever reads keeps that in mind.
      if (write.pending !== undefined && (!isBlocked || isReading === true)) this.#dispatch(write, nodes)
      // Nothing to send is answered by now.
      if (isReading !== true && !write.isAnswered) isFirst = false
    }
  }

  #dispatch(write: InFlightWrite, nodes: NodePool): void {
    const isMark = write.marks !== undefined
    if (write.sequence !== undefined) write.number(this.#parts.once.of(write.request.slot))
    const loads = isMark ? markersFor(write, nodes, this.#parts.marks) : writesByNode(write, nodes)
    write.sent(loads.length)
    for (const load of loads) this.#carry(write, load, nodes)
    if (isMark) for (const { node } of loads) node.isUnmarked = false
    if (loads.length === 0) this.#answered(write)
  }

  #carry(write: InFlightWrite, load: NodeWrite, nodes: NodePool): void {
    this.#barrier.begins()
    void load.node
      .send(load.load, () => (write.mayHaveRun = false))
      .then((reading) => {
        if (nodes === this.#nodes) this.#take(write, load, reading)
      })
  }

  #take(write: InFlightWrite, { node, indexes, mark }: NodeWrite, reading: NodeResult): void {
    const redirections = write.take(node.address, reading, indexes)
    if (mark !== undefined) mark.isLeft = redirections.length === 0
    // It may have been run behind what was being made durable meanwhile.
    if (write.request.isReading !== true) node.isUnassured = true
    if (mark !== undefined && redirections.length > 0) {
      node.isUnmarked = true
      for (const { slot } of redirections) this.#parts.marks.avoided.add(slot)
    }
    this.#barrier.ends(redirections)
    // Held up, it is looked at again when traffic goes on.
    if (this.#barrier.isOn || write.open > 0) return
    this.#answered(write)
    // A mark is left where nothing else is taken, too.
    if (mark === undefined || this.#isAllAnswered) this.#events.confirmed()
    if (this.#nodes?.isCluster === true) this.#advance()
  }

  #answered(write: InFlightWrite, isUnseen = false): void {
    write.answered(isUnseen)
    if (write.problem !== undefined) {
      this.#sent.delete(write)
      write.reject(write.problem)
    } else if (write.request.isReading === true) this.#confirm(write)
    else if (this.#parts.durabilityWait !== undefined) void this.#assure(this.#parts.durabilityWait)
    else {
      if (write.marks === undefined && write.request.isMarked !== true) this.#confirm(write)
      this.#confirmMarked()
    }
  }

  /** A mark that has been left tells that what was sent before it is there; once all of that is answered. */
  #confirmMarked(): void {
    const answered: InFlightWrite[] = []
    for (const write of this.#sent) {
      if (write.request.isReading === true) continue
      if (!write.isAnswered) return
      answered.push(write)
      if (write.marks !== undefined) for (const marked of answered.splice(0)) this.#confirm(marked)
    }
  }

  #confirm(write: InFlightWrite): void {
    const { sequence, request } = write
    if (sequence !== undefined) this.#parts.once.of(request.slot).confirmed(sequence)
    for (const { numbers, number } of write.marks ?? []) numbers.confirmed(number)
    this.#sent.delete(write)
    write.resolve()
  }

  /** One at a time, for all that has been answered meanwhile. */
  async #assure(durabilityWait: DurabilityWait): Promise<void> {
    if (this.#isAssuring) return
    this.#isAssuring = true
    // What is answered at the same time is made durable together.
    await Promise.resolve()
    const nodes = this.#nodes
    const answered = [...this.#sent].filter(({ isAnswered }) => isAnswered)
    const problem = nodes === undefined ? undefined : await durabilityWait.assure(nodes).catch(asProblem)
    this.#isAssuring = false
    if (nodes === undefined) return
    if (nodes === this.#nodes) {
      if (problem !== undefined) return this.#events.refused(problem)
      for (const write of answered) this.#confirm(write)
      this.#advance()
    }
    if ([...this.#sent].some(({ isAnswered }) => isAnswered)) void this.#assure(durabilityWait)
  }
}

function asProblem(error: unknown): unknown {
  return error
}
