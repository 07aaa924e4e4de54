// Runs `check` and reads its result.
import { expect } from 'vitest'
import { runConnector, writeFiles, type ConnectorOptions } from './connector.ts'
import type { LogEntry } from './output-message.ts'

export interface CheckResult {
  status: string
  /** The reason of a failure; empty after a success. */
  message: string
  logs: LogEntry[]
}

export async function check(config: object, options?: ConnectorOptions): Promise<CheckResult> {
  const run = await runConnector(['check', '--config', writeFiles({ config }).config], '', options)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  const statuses = run.messages.flatMap((message) =>
    message.type === 'CONNECTION_STATUS' ? [message.connectionStatus] : [],
  )
  expect(statuses).toHaveLength(1)
  const { status, message = '' } = statuses[0]!
  return { status, message, logs: run.logs }
}
