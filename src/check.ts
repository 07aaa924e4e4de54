/** The command `check`: finds out whether a run can work with a configuration. A negative result is not an error. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config/settings/config.ts'
import { parseConfig } from './config/parsing/parse-config.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { messageOf, problem, textOf } from './errors.ts'
import type { Output } from './protocol/airbyte/output.ts'
import type { ReportedFinding } from './redis/health/finding.ts'
import { addressesOf, checkHealth, type HealthRequest } from './redis/health/health-check.ts'
import { OWN_KEYS, probeKeys } from './sync/drafts/internal-keys.ts'
import { predictableKeys } from './sync/requirements/predictable-keys.ts'
import { expires, modeCommands, requiredCommands, settingsIn } from './sync/requirements/required-commands.ts'

/** The platform gets the result within 15 seconds, whatever the server does. */
const TIMEOUT_MS = 13_000

/** Prints exactly one status. `readConfig` returns the text of the configuration, which is in the file `path`. */
export async function check(path: string, readConfig: () => string, output: Output): Promise<void> {
  const message = await findProblems(path, readConfig, output).catch(messageOf)
  const status = message === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message }
  output.message({ type: 'CONNECTION_STATUS', connectionStatus: status })
}

/** Returns the problems, as one text; undefined if there is none. */
async function findProblems(
  path: string,
  readConfig: () => string,
  output: Output,
): Promise<string | undefined> {
  const { config, warnings } = parseConfig(readConfig(), process.env, STRUCTURES, path)
  for (const warning of warnings) output.log('WARN', textOf(warning))
  const findings = await Promise.race([checkHealth(config.connection, requestOf(config)), timedOut(config)])
  for (const { level, text } of findings) if (level !== 'FAILED') output.log(level, text)
  const problems = findings.filter(({ level }) => level === 'FAILED').map(({ text }) => text)
  return problems.length === 0 ? undefined : problems.join(' ')
}

function requestOf(config: Config): HealthRequest {
  const { connection, durability, keyPrefix } = config
  const all = settingsIn(config)
  return {
    deployment: connection.deployment.kind,
    durability,
    expires: all.some(expires),
    expiresAtTimes: all.some(({ expireAtField }) => expireAtField !== undefined),
    required: requiredCommands(config),
    optional: modeCommands(config),
    ownKeys: `${keyPrefix}${OWN_KEYS}*`,
    prefix: keyPrefix,
    probeKeys: () => probeKeys(keyPrefix, randomUUID()),
    anyKey: () => keyPrefix + randomUUID(),
    keys: predictableKeys(config),
  }
}

async function timedOut({ connection }: Config): Promise<ReportedFinding[]> {
  await sleep(TIMEOUT_MS)
  const [seconds, where] = [TIMEOUT_MS / 1000, addressesOf(connection)]
  const found = problem(
    'check-timeout',
    `The check did not finish within ${seconds} seconds: ${where} accepts connections, but does not answer in time. ` +
      'Check that Redis listens there, and not another program, and check the network in between.',
    { params: { seconds, where } },
  )
  return [{ level: 'FAILED', text: textOf(found) }]
}
