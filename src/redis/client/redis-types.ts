/** Asks for the Redis types of keys. */
import type { CommandClient } from './command-client.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'

/** Returns the reply of TYPE for each key. */
export async function typesOf(
  client: Pick<CommandClient, 'send'>,
  keys: readonly string[],
): Promise<(string | undefined)[]> {
  if (keys.length === 0) return []
  const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 10))
  for (const key of keys) commands.command('TYPE', key)
  const { read, rejections } = await client.send({ kind: 'read', commands: EncodedCommands.from(commands) })
  if (rejections[0] !== undefined) throw rejections[0].error
  return keys.map((_, at) => read[at]?.[0] ?? undefined)
}
