// A write that is fed bit by bit, for tests in which something has to happen between its records and its states.
import { startConnector, writeFiles, type Connector, type Exit } from './connector.ts'
import { catalog, record, streamState } from './messages.ts'
import { cursorOf, isError, type ConnectorError } from './output-message.ts'
import { pollUntil } from './poll.ts'

export class OpenRun {
  /** Of the states that are out. */
  readonly cursors: number[] = []
  readonly errors: ConnectorError[] = []
  /** How many records went in: ids from 1 on. */
  sent = 0
  readonly #run: Connector
  readonly #read: Promise<void>

  constructor(config: object) {
    const files = writeFiles({ config, catalog: catalog([{ name: 's' }]) })
    this.#run = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
    this.#read = this.#readAll()
  }

  /** Sends records; a state behind them tells their number. */
  send(records: number, options: { state?: boolean } = {}): void {
    let lines = ''
    for (let id = this.sent + 1; id <= this.sent + records; id++) lines += record('s', { id })
    this.sent += records
    this.#run.stdin.write(options.state === false ? lines : lines + streamState('s', { id: this.sent }))
  }

  /** Resolves when all that was sent is acknowledged. */
  async acknowledged(): Promise<void> {
    await pollUntil('the last state', async () => {
      if (this.errors.length > 0) throw new Error(this.errors[0]!.message)
      return this.cursors.at(-1) === this.sent
    })
  }

  /** Nothing more is sent. */
  async end(): Promise<Exit> {
    this.#run.stdin.end()
    return this.exit()
  }

  async exit(): Promise<Exit> {
    await this.#read
    return this.#run.exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run[Symbol.asyncDispose]()
  }

  async #readAll(): Promise<void> {
    for await (const message of this.#run.messages) {
      if (isError(message)) this.errors.push(message.trace.error)
      if (message.type === 'STATE') this.cursors.push(cursorOf(message))
    }
  }
}
