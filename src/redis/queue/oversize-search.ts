/**
 * Finds the command at which a server closes the connection each time, as it is over one of the server's limits. After
 * the second loss without a confirmed write in between, large commands are sent alone: the one that is under way when
 * the connection is lost again is refused, and everything else is sent. A server that closes connections to save memory
 * is sent smaller transactions.
 */
import type { ConnectorError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { NodePool } from '../session/node-pool.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { InFlightWrite } from './in-flight-write.ts'
import {
  areKnown,
  clientMemoryTooSmall,
  closesConnection,
  overClientMemory,
  overLimit,
  type ServerLimits,
} from '../session/server-limits.ts'
import { canSplit, LARGE_BYTES, largestCommand, splitWrite, withoutCommand } from './split-write.ts'
import type { UnconfirmedWrites } from './unconfirmed-writes.ts'

/** What new connections say about the servers that closed the last ones. */
export interface LossFindings {
  readonly limits: ReadonlyMap<RedisNode, ServerLimits>
  /** Whether a server has closed connections to save memory (maxmemory-clients). */
  readonly hasEvictedClients: boolean
}

const LOSSES_BEFORE = 2

/** A server whose limits are not known has to close the connection so often on the same command. */
const LOSSES_ALONE = 2

const FIRST_BYTES = 1 << 19
const SMALLEST_BYTES = 1 << 14

export class OversizeSearch {
  readonly #unconfirmed: UnconfirmedWrites
  readonly #log: Log
  /** The number of losses in a row, without a confirmed write in between. */
  #losses = 0
  #isOn = false
  /** The largest write to send, if it has several commands. */
  #mostBytes = Infinity
  /** The write that was under way alone when the connection was lost. */
  #suspect: InFlightWrite | undefined
  #lossesOfSuspect = 0

  constructor(unconfirmed: UnconfirmedWrites, log: Log) {
    this.#unconfirmed = unconfirmed
    this.#log = log
  }

  /** Whether each write is to be sent only when the one before it is answered. */
  get isOn(): boolean {
    return this.#isOn
  }

  get mostBytes(): number {
    return this.#mostBytes
  }

  /** Whether the limits of the servers should be read before the next `attach`. */
  get needsFindings(): boolean {
    return this.#isOn || this.#losses >= LOSSES_BEFORE
  }

  /** Notes that a server or the network has closed a connection. */
  lost(): void {
    this.#losses++
    if (!this.#isOn) return
    const underWay = [...this.#unconfirmed].filter(isUnderWay)
    this.#suspect = underWay.length === 1 ? underWay[0] : undefined
  }

  confirmed(): void {
    this.#losses = 0
    this.#lossesOfSuspect = 0
    if (!this.#isOn || [...this.#unconfirmed].some(isLarge)) return
    this.#isOn = false
  }

  /** Splits and refuses writes that are to be sent again. Returns an error that ends the run. */
  attach(nodes: NodePool, findings: LossFindings | undefined): ConnectorError | undefined {
    const suspect = this.#suspect
    this.#suspect = undefined
    if (findings === undefined || !this.needsFindings) return undefined
    let failure: ConnectorError | undefined
    if (suspect === undefined) this.#begin(nodes, findings)
    else if (suspect.state.kind === 'queued') failure = this.#judge(suspect, nodes, findings)
    if (this.#isOn) this.#unconfirmed.replace((write) => splitWrite(write, this.#mostBytes))
    return failure
  }

  #begin(nodes: NodePool, { hasEvictedClients }: LossFindings): void {
    if (this.#isOn || (!hasEvictedClients && ![...this.#unconfirmed].some(isLarge))) return
    this.#isOn = true
    this.#mostBytes = Math.min(this.#mostBytes, FIRST_BYTES)
    if (hasEvictedClients) return this.#warnOfMemory(nodes.where)
    this.#log(
      'WARN',
      `Redis at ${nodes.where} has closed the connection twice at the same command. Commands of 1 MB or more are sent ` +
        'one at a time, to find one that it does not take.',
    )
  }

  #judge(
    suspect: InFlightWrite,
    nodes: NodePool,
    { limits: all, hasEvictedClients }: LossFindings,
  ): ConnectorError | undefined {
    if (!canSplit(suspect)) return undefined
    const { index, bytes } = largestCommand(suspect.request)
    const { commands } = suspect.request
    const node = nodes.isCluster ? nodes.ofSlot(commands.slotOf(index)) : nodes.all[0]!
    const limits = all.get(node)!
    const { where } = node
    const over = overLimit(commands, index, limits, where)
    if (over !== undefined) return this.#refuse(suspect, index, over)
    if (hasEvictedClients) {
      if (bytes >= LARGE_BYTES) return this.#refuse(suspect, index, overClientMemory(bytes, limits, where))
      return this.#shrink(suspect.request.commands.size, limits, where)
    }
    if (bytes >= LARGE_BYTES && !areKnown(limits) && ++this.#lossesOfSuspect >= LOSSES_ALONE)
      return this.#refuse(suspect, index, closesConnection(bytes, where))
    return undefined
  }

  #refuse(suspect: InFlightWrite, index: number, error: ConnectorError): undefined {
    this.#lossesOfSuspect = 0
    this.#unconfirmed.replace((write) =>
      write === suspect && canSplit(write) ? withoutCommand(write, index, error) : undefined,
    )
    this.confirmed()
  }

  #shrink(bytes: number, limits: ServerLimits, where: string): ConnectorError | undefined {
    if (this.#mostBytes <= SMALLEST_BYTES) return clientMemoryTooSmall(bytes, limits, where)
    this.#mostBytes = Math.max(SMALLEST_BYTES, this.#mostBytes / 4)
    this.#warnOfMemory(where)
    return undefined
  }

  #warnOfMemory(where: string): void {
    this.#log(
      'WARN',
      `Redis at ${where} closes connections to save memory (maxmemory-clients). From now on, at most ` +
        `${this.#mostBytes} bytes are sent in one transaction.`,
    )
  }
}

function isUnderWay({ state, request }: InFlightWrite): boolean {
  return (state.kind === 'sent' || state.kind === 'refused') && request.kind !== 'read'
}

/** Returns whether a write may be over a limit of a server. */
function isLarge(write: InFlightWrite): boolean {
  if (!canSplit(write)) return false
  const { request } = write
  return request.kind === 'transaction'
    ? request.commands.size >= LARGE_BYTES
    : largestCommand(request).bytes >= LARGE_BYTES
}
