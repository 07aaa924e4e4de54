/** Checks the servers of a configuration for everything that a sync needs, within a time limit. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config/settings/config.ts'
import { problem, textOf } from './errors.ts'
import type { ReportedFinding } from './redis/health/finding.ts'
import { addressesOf, checkHealth, type HealthRequest } from './redis/health/health-check.ts'
import { OWN_KEYS, probeKeys } from './sync/drafts/internal-keys.ts'
import { predictableKeys } from './sync/requirements/predictable-keys.ts'
import { expires, modeCommands, requiredCommands, settingsIn } from './sync/requirements/required-commands.ts'

/** The platform gets the result within 15 seconds, whatever the server does. */
const TIMEOUT_MS = 13_000

export async function serverFindings(config: Config): Promise<ReportedFinding[]> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      checkHealth(config.connection, requestOf(config)),
      timedOut(config, ended.signal),
    ])
  } finally {
    ended.abort()
  }
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

async function timedOut({ connection }: Config, signal: AbortSignal): Promise<ReportedFinding[]> {
  // Aborting rejects this promise when the race is over.
  await sleep(TIMEOUT_MS, undefined, { signal })
  const [seconds, where] = [TIMEOUT_MS / 1000, addressesOf(connection)]
  const found = problem(
    'check-timeout',
    `The check did not finish within ${seconds} seconds: ${where} accepts connections, but does not answer in time. ` +
      'Check that Redis listens there, and not another program, and check the network in between.',
    { params: { seconds, where } },
  )
  return [{ level: 'FAILED', text: textOf(found), problem: found }]
}
