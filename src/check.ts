/** The verb `check`: can a run work with this configuration? A "no" is an answer like any other, not an error. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseConfig } from './config/parse.ts'
import { messageOf } from './errors.ts'
import type { Output } from './protocol/output.ts'
import { probe } from './redis/probe.ts'
import { checkKey } from './sync/keys.ts'
import { needsOf } from './sync/needs.ts'

/** The host gets its answer within 15 seconds, whatever the server does. */
const LONGEST_MS = 13_000

/** `readConfig` gives the text of the configuration. Prints exactly one status. */
export async function check(readConfig: () => string, output: Output): Promise<void> {
  const problem = await Promise.race([
    findProblem(readConfig, output).catch((error: unknown) => messageOf(error)),
    sleep(
      LONGEST_MS,
      `The check was not done after ${LONGEST_MS / 1000} seconds: Redis accepts connections and does not answer.`,
    ),
  ])
  const status = problem === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message: problem }
  output.message({ type: 'CONNECTION_STATUS', connectionStatus: status })
}

async function findProblem(readConfig: () => string, output: Output): Promise<string | undefined> {
  const { config, warnings } = parseConfig(readConfig(), process.env)
  for (const warning of warnings) output.log('WARN', warning)
  const needs = new Set([config.records, ...config.streams.map(({ records }) => records)].flatMap(needsOf))
  if (config.onRecordError === 'dead_letter') needs.add('stream').add('transaction')
  const { problem, notices } = await probe(config.connection, checkKey(config.keyPrefix, randomUUID()), needs)
  for (const notice of notices) output.log('INFO', notice)
  return problem?.message
}
