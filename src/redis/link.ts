/**
 * The link to one server: a control connection for single commands and a lane for bulk writes. When either breaks,
 * or the server cannot take writes, both are opened again, and whatever was not answered is asked or sent again.
 */
import type { Config } from '../config/config.ts'
import { TransientError } from '../errors.ts'
import type { Log } from '../log.ts'
import { openPair, type Identity, type OpenConnection, type Reply } from './connect.ts'
import { fence } from './fence.ts'
import { Lane, type Answers, type Shipment } from './lane.ts'
import { OlderDataError, OnceOnly } from './once.ts'
import { Outage } from './retry.ts'
import { Silence } from './silence.ts'
import { judge, type Where } from './verdict.ts'

export type Ask = OpenConnection['call']

interface Question {
  readonly command: string
  readonly args: (string | number)[]
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

interface Connections {
  readonly control: OpenConnection
  readonly bulk: OpenConnection
}

export interface LinkOptions {
  config: Config
  log: Log
  /** Keys that no other run uses. */
  onceKey: string
  markKey: string
  /** Commands that every connection for bulk writes begins with. */
  greeting: readonly (readonly string[])[]
}

export class Link implements AsyncDisposable {
  readonly #config: Config
  readonly #where: Where
  readonly #log: Log
  readonly #outage: Outage
  readonly #lane: Lane
  readonly #closing = new AbortController()
  /** Asked and not answered, in the order they were asked; kept so across connections. */
  readonly #questions = new Set<Question>()
  #connections: Connections | undefined
  /** Connections that may still be alive on the server. */
  #lost: Identity[] = []
  #failure: Error | undefined
  readonly #silence: Silence
  /** Numbers the transactions that must not be run twice. */
  readonly once: OnceOnly
  /** Numbers what may be run twice: a server that came back without some of it has lost what it had confirmed. */
  readonly marks: OnceOnly
  readonly #greeting: LinkOptions['greeting']

  /** Is asked on each new connection, before anything is sent again; an error it gives ends the run. */
  objection: (ask: Ask, identities: readonly Identity[]) => Promise<Error | undefined> = async () => undefined

  /** Connects, waiting for a server that cannot be reached yet. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options)
    await link.#restore()
    if (link.#failure !== undefined) throw link.#failure
    return link
  }

  private constructor({ config, log, onceKey, markKey, greeting }: LinkOptions) {
    this.#config = config
    this.once = new OnceOnly(onceKey)
    this.marks = new OnceOnly(markKey)
    this.#greeting = greeting
    this.#log = log
    this.#where = `${config.connection.host}:${config.connection.port}`
    this.#outage = new Outage(config.maxOutageSeconds, log)
    this.#silence = new Silence(this.#where, config.maxOutageSeconds, {
      isWaiting: () => this.#questions.size > 0 || this.#lane.unconfirmed > 0,
      tooLong: (reason) => this.#lose(reason),
    })
    this.#lane = new Lane(this.#where, {
      heard: () => this.#silence.heard(),
      confirmed: () => this.#outage.end(),
      refused: (error) => this.#lose(error),
    })
  }

  /** Runs one command; after a lost connection it is run again, so it may have been run twice. */
  ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const question: Question = { command, args, resolve, reject }
    this.#silence.asks()
    this.#questions.add(question)
    if (this.#connections !== undefined) this.#put(question, this.#connections.control)
    return promise
  }

  /** Sends encoded commands down the lane; see `Lane.send`. Sent again after a lost connection. */
  async send(shipment: Shipment): Promise<Answers> {
    if (this.#failure !== undefined) throw this.#failure
    this.#silence.asks()
    const answers = await this.#lane.send(shipment)
    if (shipment.sequence !== undefined) this.once.confirmed(shipment.sequence)
    if (shipment.mark !== undefined) this.marks.confirmed(shipment.mark)
    return answers
  }

  /** How its connections are known on the server; empty while there are none. */
  get identities(): readonly Identity[] {
    const { control, bulk } = this.#connections ?? {}
    return control === undefined || bulk === undefined ? [] : [control.identity, bulk.identity]
  }

  /** Aborted when nothing is sent any more. */
  get ended(): AbortSignal {
    return this.#closing.signal
  }

  /** From here on nothing is sent, and everyone who waits is told why. */
  end(reason: Error): void {
    // A connection that is only cut still sends what it was given.
    this.#connections?.bulk.takeSocket().destroy()
    this.#fail(reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#silence.end()
    this.#fail(new TransientError('The run has ended.'))
  }

  #put(question: Question, control: OpenConnection): void {
    control.call(question.command, ...question.args).then(
      (reply) => {
        if (!this.#questions.delete(question)) return
        this.#silence.heard()
        if (this.#lane.unconfirmed === 0) this.#outage.end()
        question.resolve(reply)
      },
      (error: unknown) => {
        if (control !== this.#connections?.control) return
        const { verdict, error: judged } = judge(error, this.#where)
        if (verdict === 'again') return this.#lose(judged)
        this.#questions.delete(question)
        question.reject(judged)
      },
    )
  }

  #lose(reason: unknown): void {
    const connections = this.#connections
    if (connections === undefined) return
    this.#connections = undefined
    this.#lane.detach()
    for (const connection of [connections.control, connections.bulk]) this.#giveUp(connection)
    void this.#restore(reason)
  }

  #giveUp(connection: OpenConnection): void {
    this.#lost.push(connection.identity)
    connection.cut()
  }

  /** Never throws: what cannot be mended fails everyone who waits. */
  async #restore(reason?: unknown): Promise<void> {
    try {
      for (let problem = reason; ;) {
        if (problem !== undefined) await this.#pause(problem)
        try {
          return await this.#connect()
        } catch (error) {
          if (this.#closing.signal.aborted) return
          problem = error
        }
      }
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  async #pause(problem: unknown): Promise<void> {
    const { verdict, error } = judge(problem, this.#where)
    if (verdict !== 'again') throw error
    await this.#outage.pause(error, this.#closing.signal)
  }

  async #connect(): Promise<void> {
    const opened = await openPair(this.#config.connection)
    const [control, bulk] = opened
    const ask: Ask = (command, ...args) => control.call(command, ...args)
    let run: number
    try {
      await this.#silenceTheLost(control)
      const objection = await this.objection(
        ask,
        opened.map(({ identity }) => identity),
      )
      if (objection !== undefined) this.#fail(objection)
      run = await this.once.run(ask)
      await this.marks.run(ask)
      for (const [command, ...args] of this.#greeting) await bulk.call(command!, ...args)
      this.#closing.signal.throwIfAborted()
    } catch (error) {
      for (const connection of opened) this.#giveUp(connection)
      if (error instanceof OlderDataError) this.#fail(error)
      throw error
    }
    this.#use({ control, bulk }, run)
  }

  async #silenceTheLost(control: OpenConnection): Promise<void> {
    const areSilent = await fence(this.#lost, control)
    this.#lost = []
    if (areSilent) return
    const sentence = `Redis at ${this.#where} does not let a lost connection be closed (CLIENT KILL)`
    this.#log('WARN', `${sentence}.`)
    if (this.#lane.oldestSequence === undefined) return
    this.#fail(
      new TransientError(
        `${sentence}, so nobody can know whether what was on its way to lists and Redis streams arrives. ` +
          'The run ends, as writing it again could double it. Allow the user CLIENT KILL to have such runs go on.',
      ),
    )
  }

  #use(connections: Connections, run: number): void {
    this.#connections = connections
    this.#silence.heard()
    for (const connection of [connections.control, connections.bulk])
      void connection.gone.then((reason) => {
        if (this.#connections === connections) this.#lose(reason)
      })
    this.#lane.attach(connections.bulk.takeSocket(), run)
    for (const question of this.#questions) this.#put(question, connections.control)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#closing.abort()
    this.#connections?.control.cut()
    this.#connections?.bulk.cut()
    this.#connections = undefined
    this.#lane.fail(this.#failure)
    for (const question of this.#questions) question.reject(this.#failure)
    this.#questions.clear()
  }
}
