/** One server that is connected to: single commands go over one connection, bulk writes down the lane of another. */
import type { Address, Connection } from '../../config/settings/config.ts'
import type { TransientError } from '../../errors.ts'
import { addressText } from '../transport/address.ts'
import { openAll, openConnection, type Identity, type OpenConnection } from './open-connection.ts'
import { WritePipeline, type PipelineWrite, type NodeResult } from './write-pipeline.ts'
import { ResponseTimeout } from './response-timeout.ts'
import type { Transport } from '../transport/transport.ts'
import type { Reply } from '../resp/reply.ts'
import type { Where } from '../transport/address.ts'

export interface RedisNodeEvents {
  /** Its connections are of no more use. */
  lost(reason: unknown): void
  /** It takes no writes now; replies to what was sent are still read. */
  refused(error: TransientError): void
  isElsewhere(text: string): boolean
}

export interface RedisNodeOptions {
  transport: Transport
  connection: Connection
  /** Whether `assure` will be asked for. */
  isAssured: boolean
}

export class RedisNode {
  readonly address: Address
  readonly where: Where
  readonly #control: OpenConnection
  readonly #bulk: OpenConnection
  readonly #third: OpenConnection | undefined
  #pipeline: WritePipeline | undefined
  #responseTimeout: ResponseTimeout | undefined
  /** Single commands that it owes an answer. */
  #asked = 0
  /** Whether it was written to since it was last left a mark. */
  isUnmarked = false
  /** Whether it was written to since that was last made durable. */
  isUnassured = false

  static async open(
    address: Address,
    { transport, connection, isAssured }: RedisNodeOptions,
  ): Promise<RedisNode> {
    const open = (): Promise<OpenConnection> => openConnection(transport, address, connection)
    const [control, bulk, third] = await openAll(open, isAssured ? 3 : 2)
    return new RedisNode(address, { control: control!, bulk: bulk!, third })
  }

  private constructor(
    address: Address,
    {
      control,
      bulk,
      third,
    }: Record<'control' | 'bulk', OpenConnection> & { third: OpenConnection | undefined },
  ) {
    this.address = address
    this.where = addressText(address)
    this.#control = control
    this.#bulk = bulk
    this.#third = third
  }

  /** How its connections are known there. */
  get identities(): Identity[] {
    return this.#connections.map(({ identity }) => ({ ...identity, where: this.where }))
  }

  get identity(): Identity {
    return this.identities[0]!
  }

  /** Whether it owes no answer. */
  get isIdle(): boolean {
    return this.#asked === 0 && (this.#pipeline?.unanswered ?? 0) === 0
  }

  /** Runs a command on the connection for bulk writes, before that is used. */
  prepare(command: string, ...args: string[]): Promise<Reply> {
    return this.#bulk.call(command, ...args)
  }

  /** From here on it is watched, and takes loads. */
  begin(maxOutageSeconds: number, events: RedisNodeEvents): void {
    const lost = (reason: unknown): void => events.lost(reason)
    this.#responseTimeout = new ResponseTimeout(this.where, maxOutageSeconds, {
      isWaiting: () => !this.isIdle,
      tooLong: lost,
    })
    this.#responseTimeout.heard()
    this.#pipeline = new WritePipeline(this.where, this.#bulk.takeSocket(), {
      heard: () => this.#responseTimeout!.heard(),
      refused: (error) => events.refused(error),
      lost,
      isElsewhere: (text) => events.isElsewhere(text),
    })
    for (const connection of this.#connections) void connection.gone.then(lost)
  }

  /** Runs a command, and another one right before it where that leads it in. */
  async ask(command: string, args: readonly (string | number)[], leadIn?: string): Promise<Reply> {
    this.#responseTimeout?.asks()
    this.#asked++
    this.isUnmarked = this.isUnassured = true
    try {
      if (leadIn !== undefined) this.#control.call(leadIn).catch(() => undefined)
      const reply = await this.#control.call(command, ...args)
      this.#responseTimeout?.heard()
      return reply
    } finally {
      this.#asked--
    }
  }

  /** Writes to a key, and waits as `command` says. */
  async assure(key: string, command: string, ...args: number[]): Promise<Reply> {
    const third = this.#third!
    const written = third.call('SET', key, '1', 'EX', 60)
    const waited = third.call(command, ...args)
    waited.catch(() => undefined)
    await written
    return waited
  }

  /** Sends encoded commands; see `WritePipeline.send`. */
  send(write: PipelineWrite, multiRefused?: () => void): Promise<NodeResult> {
    this.#responseTimeout!.asks()
    if (write.kind !== 'read') this.isUnmarked = this.isUnassured = true
    return this.#pipeline!.send(write, multiRefused)
  }

  /** Nothing that it still answers counts. */
  cut(): void {
    this.#responseTimeout?.end()
    this.#pipeline?.close()
    for (const connection of this.#connections) connection.cut()
  }

  /** Ends it with what is still to be sent, which a connection that is only cut would send. */
  destroy(): void {
    this.#bulk.takeSocket().destroy()
    this.cut()
  }

  get #connections(): OpenConnection[] {
    return [this.#control, this.#bulk, ...(this.#third === undefined ? [] : [this.#third])]
  }
}
