/** One node and its connections: for single commands, for pipelined writes, and for durability waits. */
import type { Address, Connection, Deployment, Durability } from '../../config/settings/config.ts'
import type { Capabilities } from '../commands/capabilities.ts'
import type { TransientError } from '../../errors.ts'
import { addressText } from '../transport/address.ts'
import { openAll, openConnection, type Identity, type OpenConnection } from './open-connection.ts'
import type { ScriptTexts } from '../failures/refused-commands.ts'
import type { ReplySource } from '../failures/reply-rules.ts'
import { REPLY_MS } from './time-limits.ts'
import { WritePipeline, type PipelineWrite, type NodeResult } from './write-pipeline.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'
import type { Where } from '../transport/address.ts'

export interface RedisNodeEvents {
  /** The connections cannot be used any more. */
  lost(reason: unknown): void
  /** The server takes no writes now; the replies to what was sent are still read. */
  refused(error: TransientError): void
  /** Returns whether an error reply sends the command to another node. */
  isRedirection(text: string): boolean
}

export interface RedisNodeOptions {
  readonly transport: Transport
  readonly connection: Connection
  /** With mode `none` no connection for durability waits is opened. */
  readonly durability: Durability
}

export interface NodeConnections {
  /** For single commands. */
  readonly control: OpenConnection
  /** For pipelined writes. */
  readonly bulk: OpenConnection
  /** For WAIT and WAITAOF, which block their connection. */
  readonly durability: OpenConnection | undefined
}

export class RedisNode implements ReplySource {
  readonly address: Address
  readonly where: Where
  readonly deployment: Deployment['kind']
  readonly #connections: NodeConnections
  #pipeline: WritePipeline | undefined
  /** Whether it was written to since the last marker. */
  needsMarker = false
  /** Whether it was written to since the last durability wait. */
  needsDurabilityWait = false

  static async open(
    address: Address,
    { transport, connection, durability }: RedisNodeOptions,
  ): Promise<RedisNode> {
    const waitMs = durability.mode === 'none' ? undefined : durability.timeoutMs
    const replyMs = [REPLY_MS, REPLY_MS, ...(waitMs === undefined ? [] : [waitMs + REPLY_MS])]
    const [control, bulk, third] = await openAll(
      replyMs.map((ms) => () => openConnection(transport, address, connection, { replyMs: ms })),
    )
    const connections = { control: control!, bulk: bulk!, durability: third }
    return new RedisNode(address, connections, connection.deployment.kind)
  }

  constructor(address: Address, connections: NodeConnections, deployment: Deployment['kind']) {
    this.address = address
    this.where = addressText(address)
    this.#connections = connections
    this.deployment = deployment
  }

  /** The scripts that its connections have loaded. */
  get scripts(): ScriptTexts {
    return new Map(this.#all.flatMap(({ scripts }) => [...scripts]))
  }

  /** The identities of its connections on the server. */
  get identities(): Identity[] {
    return this.#all.map(({ identity }) => ({ ...identity, where: this.where }))
  }

  get identity(): Identity {
    return this.identities[0]!
  }

  /** The features of the node's server. */
  get capabilities(): Capabilities {
    return this.#connections.control.capabilities
  }

  /** Runs a command on the connection for pipelined writes, before `begin`. */
  prepare(command: string, ...args: string[]): Promise<Reply> {
    return this.#connections.bulk.call(command, ...args)
  }

  /** Starts the write pipeline, and reports when a connection is lost. */
  begin(events: RedisNodeEvents): void {
    this.#pipeline = new WritePipeline(this, this.#connections.bulk.takeSocket(), events)
    for (const { gone } of this.#all) void gone.then((reason) => events.lost(reason))
  }

  /** Runs a command; `leadIn` is sent right before it. */
  async ask(command: string, args: readonly (string | number)[], leadIn?: string): Promise<Reply> {
    this.needsMarker = this.needsDurabilityWait = true
    const { control } = this.#connections
    // The reply to the command itself says whether the lead-in worked.
    if (leadIn !== undefined) control.call(leadIn).catch(() => undefined)
    return control.call(command, ...args)
  }

  /** Writes to a key, and returns the reply to WAIT or WAITAOF behind it. */
  async waitForDurability(key: string, command: string, ...args: number[]): Promise<Reply> {
    const connection = this.#connections.durability!
    const written = connection.call('SET', key, '1', 'EX', 60)
    const waited = connection.call(command, ...args)
    waited.catch(() => undefined)
    await written
    return waited
  }

  /** Sends encoded commands; see `WritePipeline.send`. */
  send(write: PipelineWrite, multiRefused?: () => void): Promise<NodeResult> {
    if (write.kind !== 'read') this.needsMarker = this.needsDurabilityWait = true
    return this.#pipeline!.send(write, multiRefused)
  }

  /** Bytes of encoded commands that the connection has not taken yet. */
  get unsentBytes(): number {
    return this.#pipeline?.unsentBytes ?? 0
  }

  /** Closes the connections; replies that still arrive are ignored. */
  cut(): void {
    this.#pipeline?.close()
    for (const connection of this.#all) connection.cut()
  }

  /** Closes the connections and drops the writes that are still in the socket's queue; `cut` would send them. */
  destroy(): void {
    this.#connections.bulk.takeSocket().destroy()
    this.cut()
  }

  get #all(): OpenConnection[] {
    const { control, bulk, durability } = this.#connections
    return [control, bulk, ...(durability === undefined ? [] : [durability])]
  }
}
