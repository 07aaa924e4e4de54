// Puts the fault of a case between two commands of the connector, and ends it some commands later, or when no more come.
import type { ProxiedConnection } from '../support/command-proxy.ts'
import type { Connector } from '../support/connector.ts'
import type { Random } from '../support/random.ts'
import { FaultTrigger } from './fault-trigger.ts'
import { commandsIn, type MatrixCase } from './matrix-case.ts'
import type { Ending, Fault } from './matrix-faults.ts'
import type { Topology } from './topology.ts'

/** A fault ends when the connector has sent no command for so long. */
const QUIET_MS = 200

/** The greatest number of commands during a fault. */
const MOST_COMMANDS = 40

export class FaultInjector {
  readonly fault: Fault
  readonly trigger: FaultTrigger
  readonly #topology: Topology
  readonly #random: Random
  readonly #run: Connector
  #hasBegun = false
  #begun: Promise<void> = Promise.resolve()
  #ending: Ending | undefined
  #ended: Promise<unknown> | undefined
  #left: number
  #quiet: NodeJS.Timeout | undefined

  constructor(one: MatrixCase, topology: Topology, run: Connector) {
    const { fault, random } = one
    this.fault = fault
    this.#topology = topology
    this.#random = random
    this.#run = run
    const phase = fault.phases[Math.floor(random() * fault.phases.length)]!
    this.trigger = new FaultTrigger(phase, commandsIn(phase, one), random)
    this.#left = 1 + Math.floor(random() * MOST_COMMANDS)
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Runs before each command of the connector; the command waits for what is returned. */
  before(
    words: readonly string[],
    settled: () => Promise<void>,
    connection: ProxiedConnection,
  ): Promise<unknown> | undefined {
    const server = this.#topology.servers.find(({ port }) => port === connection.port)
    // A command to a sentinel.
    if (server === undefined) return undefined
    if (!this.#hasBegun) {
      if (!this.trigger.isDue(words)) return undefined
      this.#hasBegun = true
      this.#begun = this.#begin(settled, connection, server)
      return this.#begun.catch(() => {})
    }
    if (this.#ending === undefined || this.#ended !== undefined) return undefined
    this.#untilQuiet()
    this.#left--
    // A server that was lost takes its time to come back, and nothing waits for that.
    if (this.#left > 0 || this.fault.losesServers) return undefined
    return settled().then(() => this.#end())
  }

  /** Resolves when the fault is over, if it has begun; rejects if it could not be begun or ended. */
  async over(): Promise<void> {
    await this.#begun
    clearTimeout(this.#quiet)
    void this.#end()
    await this.#ended
  }

  async #begin(
    settled: () => Promise<void>,
    connection: ProxiedConnection,
    server: Topology['servers'][number],
  ): Promise<void> {
    if (this.#random() < 0.5) await settled()
    const scene = { topology: this.#topology, run: this.#run, random: this.#random, connection, server }
    this.#ending = await this.fault.begin(scene)
    if (this.#ending !== undefined) this.#untilQuiet()
  }

  #untilQuiet(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => void this.#end(), QUIET_MS)
  }

  /** Ends the fault, once. Resolves in any case: `over` reports what fails. */
  #end(): Promise<unknown> {
    this.#ended ??= this.#ending?.()
    return (this.#ended ?? Promise.resolve()).catch(() => {})
  }
}
