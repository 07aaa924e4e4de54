/**
 * Shipments on their way. What was not answered when a connection breaks is kept, and goes out again, in order, on the
 * next one. What a cluster sends on to another node goes first when traffic goes on: nothing that came later overtakes it.
 */
import type { Assurance } from './durability-wait.ts'
import type { Reply } from '../session/open-connection.ts'
import { Delivery, type Shipment } from './in-flight-write.ts'
import { Hold } from './redirection-barrier.ts'
import type { Answers, Reading } from '../session/write-pipeline.ts'
import { loadsOf, marksFor, type ServerLoad } from './node-routing.ts'
import type { Numbering } from './sequence-numbers.ts'
import { Questions, type QuestionEvents } from './command-queue.ts'
import type { Redirection } from '../failures/redirection.ts'
import type { Servers } from '../session/node-pool.ts'

export interface TrafficEvents extends QuestionEvents {
  /** Everything under way is answered, and some of it has to go elsewhere: `goOn` is to be called. */
  redirected(redirections: readonly Redirection[]): void
}

export interface TrafficParts {
  /** Of the transactions that must not be run twice. */
  once: Numbering
  /** Of what may be run twice. */
  marks: Numbering
  /** Where an answer is not enough. */
  assurance: Assurance | undefined
}

const NO_BYTES = Buffer.alloc(0)

export class Traffic {
  readonly #parts: TrafficParts
  readonly #events: TrafficEvents
  readonly #hold: Hold
  readonly #questions: Questions
  /** Not confirmed, in the order they were sent. */
  readonly #sent = new Set<Delivery>()
  #servers: Servers | undefined
  #isAssuring = false

  constructor(parts: TrafficParts, events: TrafficEvents) {
    this.#parts = parts
    this.#events = events
    this.#hold = new Hold((redirections) => events.redirected(redirections))
    this.#questions = new Questions(this.#hold, {
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
    return this.#questions.ask(command, args)
  }

  send(shipment: Shipment): Promise<Answers> {
    return this.#add(new Delivery(shipment))
  }

  /** Leaves a number on each server that was written to; resolves when all that was sent before is confirmed. */
  async leaveMarks(): Promise<void> {
    await this.#add(new Delivery({ bytes: NO_BYTES, commands: 0 }, []))
  }

  /** Uses new connections. `runs`: up to where the servers have run the transactions of each slot. */
  attach(servers: Servers, runs: ReadonlyMap<number | undefined, number>): void {
    this.#servers = servers
    this.#hold.reset()
    this.#questions.attach(servers)
    for (const delivery of this.#sent) {
      const { sequence, mayHaveRun, shipment } = delivery
      const isRun = sequence !== undefined && mayHaveRun && sequence <= (runs.get(shipment.slot) ?? 0)
      if (isRun) this.#answered(delivery, !delivery.isAnswered)
      else delivery.again()
    }
    this.#advance()
  }

  /** The connections are gone. */
  detach(): void {
    this.#servers = undefined
    this.#questions.detach()
  }

  /** It is known where everything is now: what was sent on is sent again, and all that waited for it. */
  goOn(): void {
    this.#hold.release()
    const slots = new Set<number>()
    let isSentAgain = false
    for (const delivery of this.#sent) {
      if (delivery.pending === undefined) delivery.gather(slots)
      // It tells of what was sent before it, wherever that goes now.
      if (isSentAgain && delivery.marks !== undefined) delivery.pending = 'all'
      isSentAgain ||= delivery.pending !== undefined
    }
    for (const delivery of this.#sent)
      if (delivery.pending === undefined && !delivery.isAnswered) this.#answered(delivery)
    this.#questions.goOn()
    this.#advance()
  }

  /** Nothing more will be sent: whoever waits is told why. */
  fail(error: Error): void {
    this.detach()
    this.#questions.fail(error)
    for (const { reject } of this.#sent) reject(error)
    this.#sent.clear()
  }

  #add(delivery: Delivery): Promise<Answers> {
    this.#sent.add(delivery)
    this.#advance(delivery)
    return delivery.promise
  }

  /** Sends what may be sent; if nothing waits before it, that is the newest. */
  #advance(newest?: Delivery): void {
    const servers = this.#servers
    if (servers === undefined || this.#hold.isOn) return
    if (newest !== undefined && !servers.isCluster) return this.#dispatch(newest, servers)
    let isBlocked = false
    let isFirst = true
    for (const delivery of this.#sent) {
      const { isReading, isBehindAll } = delivery.shipment
      if (isReading !== true) {
        // A note must be there before what it is about; on one server, order alone sees to that.
        if (isBehindAll === true && servers.isCluster && !isFirst && delivery.pending !== undefined)
          isBlocked = true
      }
      // What is read may be older than what is on its way: whoever reads keeps that in mind.
      if (delivery.pending !== undefined && (!isBlocked || isReading === true))
        this.#dispatch(delivery, servers)
      // Nothing to send is answered by now.
      if (isReading !== true && !delivery.isAnswered) isFirst = false
    }
  }

  #dispatch(delivery: Delivery, servers: Servers): void {
    const isMark = delivery.marks !== undefined
    if (delivery.sequence !== undefined) delivery.number(this.#parts.once.of(delivery.shipment.slot))
    const loads = isMark ? marksFor(delivery, servers, this.#parts.marks) : loadsOf(delivery, servers)
    delivery.sent(loads.length)
    for (const load of loads) this.#carry(delivery, load, servers)
    if (isMark) for (const { server } of loads) server.isUnmarked = false
    if (loads.length === 0) this.#answered(delivery)
  }

  #carry(delivery: Delivery, load: ServerLoad, servers: Servers): void {
    this.#hold.begins()
    void load.server
      .carry(load.load, () => (delivery.mayHaveRun = false))
      .then((reading) => {
        if (servers === this.#servers) this.#take(delivery, load, reading)
      })
  }

  #take(delivery: Delivery, { server, indexes, mark }: ServerLoad, reading: Reading): void {
    const redirections = delivery.take(server.address, reading, indexes)
    if (mark !== undefined) mark.isLeft = redirections.length === 0
    // It may have been run behind what was being made durable meanwhile.
    if (delivery.shipment.isReading !== true) server.isUnassured = true
    if (mark !== undefined && redirections.length > 0) {
      server.isUnmarked = true
      for (const { slot } of redirections) this.#parts.marks.avoided.add(slot)
    }
    this.#hold.ends(redirections)
    // Held up, it is looked at again when traffic goes on.
    if (this.#hold.isOn || delivery.open > 0) return
    this.#answered(delivery)
    // A mark is left where nothing else is taken, too.
    if (mark === undefined || this.#isAllAnswered) this.#events.confirmed()
    if (this.#servers?.isCluster === true) this.#advance()
  }

  #answered(delivery: Delivery, isUnseen = false): void {
    delivery.answered(isUnseen)
    if (delivery.problem !== undefined) {
      this.#sent.delete(delivery)
      delivery.reject(delivery.problem)
    } else if (delivery.shipment.isReading === true) this.#confirm(delivery)
    else if (this.#parts.assurance !== undefined) void this.#assure(this.#parts.assurance)
    else {
      if (delivery.marks === undefined && delivery.shipment.isMarked !== true) this.#confirm(delivery)
      this.#confirmMarked()
    }
  }

  /** A mark that has been left tells that what was sent before it is there; once all of that is answered. */
  #confirmMarked(): void {
    const answered: Delivery[] = []
    for (const delivery of this.#sent) {
      if (delivery.shipment.isReading === true) continue
      if (!delivery.isAnswered) return
      answered.push(delivery)
      if (delivery.marks !== undefined) for (const marked of answered.splice(0)) this.#confirm(marked)
    }
  }

  #confirm(delivery: Delivery): void {
    const { sequence, shipment } = delivery
    if (sequence !== undefined) this.#parts.once.of(shipment.slot).confirmed(sequence)
    for (const { numbers, number } of delivery.marks ?? []) numbers.confirmed(number)
    this.#sent.delete(delivery)
    delivery.resolve()
  }

  /** One at a time, for all that has been answered meanwhile. */
  async #assure(assurance: Assurance): Promise<void> {
    if (this.#isAssuring) return
    this.#isAssuring = true
    // What is answered at the same time is made durable together.
    await Promise.resolve()
    const servers = this.#servers
    const answered = [...this.#sent].filter(({ isAnswered }) => isAnswered)
    const problem = servers === undefined ? undefined : await assurance.assure(servers).catch(asProblem)
    this.#isAssuring = false
    if (servers === undefined) return
    if (servers === this.#servers) {
      if (problem !== undefined) return this.#events.refused(problem)
      for (const delivery of answered) this.#confirm(delivery)
      this.#advance()
    }
    if ([...this.#sent].some(({ isAnswered }) => isAnswered)) void this.#assure(assurance)
  }
}

function asProblem(error: unknown): unknown {
  return error
}
