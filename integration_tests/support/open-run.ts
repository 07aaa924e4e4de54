// A write that is fed step by step, for tests that do something between records and states.
import { startConnector, writeFiles, type Connector, type Exit } from './connector.ts'
import { catalog, record, streamState } from './messages.ts'
import { cursorOf, isError, type ConnectorError } from './output-message.ts'
import { pollUntil } from './poll.ts'

export class OpenRun {
  /** The cursors of the acknowledged states. */
  readonly cursors: number[] = []
  readonly errors: ConnectorError[] = []
  /** The number of records sent; their ids count from 1. */
  sent = 0
  readonly #run: Connector
  readonly #read: Promise<void>

  constructor(config: object) {
    const files = writeFiles({ config, catalog: catalog([{ name: 's' }]) })
    this.#run = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
    this.#read = this.#readAll()
  }

  /** Sends records, and behind them a state with their number. */
  send(records: number, options: { state?: boolean } = {}): void {
    let lines = ''
    for (let id = this.sent + 1; id <= this.sent + records; id++) lines += record('s', { id })
    this.sent += records
    this.#run.stdin.write(options.state === false ? lines : lines + streamState('s', { id: this.sent }))
  }

  /** Resolves when everything sent is acknowledged. */
  async acknowledged(): Promise<void> {
    await pollUntil('the last state', async () => {
      if (this.errors.length > 0) throw new Error(this.errors[0]!.message)
      return this.cursors.at(-1) === this.sent
    })
  }

  /** Ends the input and waits for the exit. */
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
