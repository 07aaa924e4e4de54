/**
 * Checks transactions that have run while their replies were lost. A command of a running transaction is refused only
 * where its key holds another type, so the types of the keys tell whether all of it was written.
 */
import { ConfigError, problem } from '../../errors.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { keyForm, shownKey } from '../drafts/shown-key.ts'
import { attemptKeyOf } from '../attempts/attempt-record.ts'
import type { BatchRequest } from './batch-request.ts'

/** The replies to TYPE. */
const TYPES: Record<string, string> = { list: 'list', stream: 'stream' }

export async function requireKeyTypes(client: CommandClient, { request, plan }: BatchRequest): Promise<void> {
  if (plan === undefined) return
  const expected = TYPES[plan.settings.cacheType]
  const record = attemptKeyOf(plan, 'slot' in request ? request.slot : undefined)
  const keys = [...request.commands.keys()].filter((key) => key !== record)
  const types = await Promise.all(keys.map((key) => client.ask('TYPE', key)))
  if (types.every((type) => type === expected || type === 'none')) return
  const sentence =
    `Stream ${plan.name}: ${shownKey(plan)} holds another Redis type, and records for it could not be written. ` +
    'Remove or rename that key, or set a key_prefix.'
  const params = { stream: plan.name, key: keyForm(plan) }
  throw new ConfigError(problem('key-of-other-type', sentence, { options: ['key_prefix'], params }))
}
