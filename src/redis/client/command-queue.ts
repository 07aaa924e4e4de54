/** Single commands: each is asked of the server that has its key, and again on a new connection until it is answered. */
import type { Address } from '../../config/settings/config.ts'
import type { Reply } from '../session/open-connection.ts'
import type { Hold } from './redirection-barrier.ts'
import { readRedirection } from '../failures/redirection.ts'
import type { Server } from '../session/node.ts'
import type { Servers } from '../session/node-pool.ts'
import { judge } from '../failures/error-classifier.ts'

interface Question {
  readonly command: string
  readonly args: readonly (string | number)[]
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  isOut: boolean
  /** The server did not run it, and another one was to be asked, or the same one later. */
  isSentOn: boolean
  /** Where it was sent on to. */
  asked: Address | undefined
}

export interface QuestionEvents {
  /** A command has been run. */
  confirmed(): void
  /** The connections are of no more use. */
  refused(reason: unknown): void
}

export class Questions {
  readonly #hold: Hold
  readonly #events: QuestionEvents
  /** Not answered, in the order they were asked. */
  readonly #open = new Set<Question>()
  #servers: Servers | undefined

  constructor(hold: Hold, events: QuestionEvents) {
    this.#hold = hold
    this.#events = events
  }

  ask(command: string, args: readonly (string | number)[]): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const question: Question = {
      command,
      args,
      resolve,
      reject,
      isOut: false,
      isSentOn: false,
      asked: undefined,
    }
    this.#open.add(question)
    if (!this.#hold.isOn && this.#servers !== undefined) this.#put(question, this.#servers)
    return promise
  }

  attach(servers: Servers): void {
    this.#servers = servers
    for (const question of this.#open) this.#put(question, servers)
  }

  detach(): void {
    this.#servers = undefined
  }

  /** Asks what was sent on, and what waited for that. */
  goOn(): void {
    for (const question of this.#open)
      if (!question.isOut && this.#servers !== undefined) this.#put(question, this.#servers)
  }

  get #isAnySentOn(): boolean {
    for (const { isSentOn } of this.#open) if (isSentOn) return true
    return false
  }

  fail(error: Error): void {
    for (const { reject } of this.#open) reject(error)
    this.#open.clear()
  }

  #put(question: Question, servers: Servers): void {
    const { command, args, asked } = question
    const server = (asked && servers.at(asked)) ?? servers.ofCommand(command, args)
    question.isOut = true
    this.#hold.begins()
    server.ask(command, args, asked && 'ASKING').then(
      (reply) => {
        const isAnswered = this.#open.delete(question)
        if (isAnswered) question.resolve(reply)
        if (servers !== this.#servers) return
        if (!this.#isAnySentOn) this.#events.confirmed()
        this.#hold.ends()
      },
      (error: Error) => {
        if (servers === this.#servers) this.#refused(question, error, server, servers.isCluster)
      },
    )
  }

  #refused(question: Question, error: Error, server: Server, isCluster: boolean): void {
    const redirection = isCluster ? readRedirection(error.message, server.address) : undefined
    if (redirection !== undefined) {
      question.isOut = false
      question.isSentOn = true
      question.asked = redirection.kind === 'ask' ? redirection.address : undefined
      return this.#hold.ends([redirection])
    }
    const { verdict, error: judged } = judge(error, server.where)
    if (verdict === 'again') return this.#events.refused(judged)
    this.#open.delete(question)
    question.reject(judged)
    this.#hold.ends()
  }
}
