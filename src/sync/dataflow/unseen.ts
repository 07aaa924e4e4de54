/**
 * A transaction that was run while its replies were lost may have been refused in part: its keys tell, as being of
 * another kind is all that the server refuses a command of a running transaction for.
 */
import { ConfigError } from '../../errors.ts'
import type { CommandGroups } from '../../layout/encoding/command-groups.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { CommandRange } from './part.ts'

export async function requireKind(
  client: RedisClient,
  { commands, firstCommand, numbers, plan, slot }: CommandRange,
  out: CommandGroups,
): Promise<void> {
  if (plan === undefined) return
  const expected = plan.locator.form.type
  const indexes = numbers ?? Array.from({ length: commands }, (_, index) => index)
  const keys = new Set(indexes.flatMap((index) => out.keyOf(firstCommand + index) ?? []))
  keys.delete(client.once.of(slot).key)
  const kinds = await Promise.all([...keys].map((key) => client.ask('TYPE', key)))
  const wrong = [...keys].find((_, index) => kinds[index] !== expected && kinds[index] !== 'none')
  if (wrong !== undefined)
    throw new ConfigError(
      `Stream ${plan.name}: the key ${wrong} holds another Redis type, and records for it could not be written. ` +
        'Remove or rename that key, or set a key_prefix.',
    )
}
