// The yardstick: redis-cli --pipe, a C program that parses nothing, loads the commands encoded beforehand.
import type { Input } from '../inputs/inputs.ts'
import { runToEnd } from './processes.ts'
import type { Server } from './server.ts'

export async function runYardstick(
  server: Pick<Server, 'cli'>,
  input: Pick<Input, 'commands'>,
  started?: (pid: number) => void,
): Promise<{ wallSeconds: number }> {
  const command = [...server.cli, '--pipe']
  const { code, seconds, stdout, stderr } = await runToEnd(command, input.commands, undefined, started)
  if (code !== 0 || !stdout.includes('errors: 0,'))
    throw new Error(`redis-cli --pipe failed: ${stderr.trim()} ${stdout.trim()}`)
  return { wallSeconds: seconds }
}
