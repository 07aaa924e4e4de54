/** Sends commands that no other request depends on. */
import type { CommandBuffer } from '../resp/command-buffer.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import type { CommandClient } from './command-client.ts'

/** Resolves when all commands of a buffer have been run and confirmed. Throws the first error among their replies. */
export async function sendAll(
  client: Pick<CommandClient, 'send'>,
  buffer: CommandBuffer,
): Promise<WriteResult> {
  const commands = EncodedCommands.from(buffer)
  const result = await client.send({ kind: 'write', commands, isCounted: false, confirmedBy: 'reply' })
  if (result.rejections[0] !== undefined) throw result.rejections[0].error
  return result
}
