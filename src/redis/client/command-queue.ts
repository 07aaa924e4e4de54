/** Single commands: each is asked of the server that has its key, and again on a new connection until it is answered. */
import type { Address } from '../../config/settings/config.ts'
import type { RedirectionBarrier } from './redirection-barrier.ts'
import { readRedirection } from '../failures/redirection.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Reply } from '../resp/reply.ts'

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

export interface CommandQueueEvents {
  /** A command has been run. */
  confirmed(): void
  /** The connections are of no more use. */
  refused(reason: unknown): void
}

export class CommandQueue {
  readonly #barrier: RedirectionBarrier
  readonly #events: CommandQueueEvents
  /** Not answered, in the order they were asked. */
  readonly #open = new Set<Question>()
  /** How many of them were sent on. */
  #sentOn = 0
  #nodes: NodePool | undefined

  constructor(barrier: RedirectionBarrier, events: CommandQueueEvents) {
    this.#barrier = barrier
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
    if (!this.#barrier.isOn && this.#nodes !== undefined) this.#put(question, this.#nodes)
    return promise
  }

  attach(nodes: NodePool): void {
    this.#nodes = nodes
    for (const question of this.#open) this.#put(question, nodes)
  }

  detach(): void {
    this.#nodes = undefined
  }

  /** Asks what was sent on, and what waited for that. */
  resume(): void {
    for (const question of this.#open)
      if (!question.isOut && this.#nodes !== undefined) this.#put(question, this.#nodes)
  }

  fail(error: Error): void {
    for (const { reject } of this.#open) reject(error)
    this.#open.clear()
    this.#sentOn = 0
  }

  #put(question: Question, nodes: NodePool): void {
    const { command, args, asked } = question
    const node = (asked && nodes.at(asked)) ?? nodes.ofCommand(command, args)
    question.isOut = true
    this.#barrier.begins()
    node.ask(command, args, asked && 'ASKING').then(
      (reply) => {
        if (this.#close(question)) question.resolve(reply)
        if (nodes !== this.#nodes) return
        if (this.#sentOn === 0) this.#events.confirmed()
        this.#barrier.ends()
      },
      (error: Error) => {
        if (nodes === this.#nodes) this.#refused(question, error, node, nodes.isCluster)
      },
    )
  }

  #refused(question: Question, error: Error, node: RedisNode, isCluster: boolean): void {
    const redirection = isCluster ? readRedirection(error.message, node.address) : undefined
    if (redirection !== undefined) {
      question.isOut = false
      if (!question.isSentOn) this.#sentOn++
      question.isSentOn = true
      question.asked = redirection.kind === 'ask' ? redirection.address : undefined
      return this.#barrier.ends([redirection])
    }
    const { handling, error: judged } = classify(error, node)
    if (handling === 'retry') return this.#events.refused(judged)
    this.#close(question)
    question.reject(judged)
    this.#barrier.ends()
  }

  /** Returns whether the question was open. */
  #close(question: Question): boolean {
    const wasOpen = this.#open.delete(question)
    if (wasOpen && question.isSentOn) this.#sentOn--
    return wasOpen
  }
}
