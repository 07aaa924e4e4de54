/** The verb `check`: can a run work with this configuration? A "no" is an answer like any other, not an error. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config/settings/config.ts'
import { parseConfig } from './config/parsing/parse-config.ts'
import { STRUCTURES } from './layout/registry/structures.ts'
import { messageOf, textOf } from './errors.ts'
import type { Output } from './protocol/airbyte/output.ts'
import type { Said } from './redis/health/finding.ts'
import { probe, whereOf, type Probe } from './redis/health/health-check.ts'
import { checkKey } from './sync/streams/internal-keys.ts'
import { knownKeys } from './sync/requirements/predictable-keys.ts'
import { expires, modeCommands, requiredCommands, settingsIn } from './sync/requirements/required-commands.ts'

/** The host gets its answer within 15 seconds, whatever the server does. */
const LONGEST_MS = 13_000

/** `readConfig` gives the text of the configuration. Prints exactly one status. */
export async function check(readConfig: () => string, output: Output): Promise<void> {
  const problem = await findProblem(readConfig, output).catch(messageOf)
  const status = problem === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message: problem }
  output.message({ type: 'CONNECTION_STATUS', connectionStatus: status })
}

async function findProblem(readConfig: () => string, output: Output): Promise<string | undefined> {
  const { config, warnings } = parseConfig(readConfig(), process.env, STRUCTURES)
  for (const warning of warnings) output.log('WARN', textOf(warning))
  const findings = await Promise.race([probe(config.connection, probeFor(config)), tooLong(config)])
  for (const { level, text } of findings) if (level !== 'FAILED') output.log(level, text)
  const problems = findings.filter(({ level }) => level === 'FAILED').map(({ text }) => text)
  return problems.length === 0 ? undefined : problems.join(' ')
}

function probeFor(config: Config): Probe {
  const { connection, durability, keyPrefix } = config
  const all = settingsIn(config)
  return {
    deployment: connection.deployment.kind,
    durability,
    expires: all.some(expires),
    endsAtTimes: all.some(({ expireAtField }) => expireAtField !== undefined),
    required: requiredCommands(config),
    wanted: modeCommands(config),
    prefix: keyPrefix,
    ownKey: () => checkKey(keyPrefix, randomUUID()),
    anyKey: () => keyPrefix + randomUUID(),
    known: knownKeys(config),
  }
}

async function tooLong({ connection }: Config): Promise<Said[]> {
  await sleep(LONGEST_MS)
  const text =
    `The check was not done after ${LONGEST_MS / 1000} seconds: ${whereOf(connection)} accepts connections and does ` +
    'not answer in time. Check that Redis listens there, and not another program, and the network in between.'
  return [{ level: 'FAILED', text }]
}
