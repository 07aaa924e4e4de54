// The yardstick: redis-cli --pipe, a C program that parses nothing, loads the commands encoded beforehand.
import type { Input } from './inputs.ts'
import { runToEnd } from './processes.ts'
import type { Server } from './server.ts'

export async function runYardstick(server: Server, input: Input): Promise<{ wallSeconds: number }> {
  const { code, seconds, stdout, stderr } = await runToEnd([...server.cli, '--pipe'], input.commands)
  if (code !== 0 || !stdout.includes('errors: 0,'))
    throw new Error(`redis-cli --pipe failed: ${stderr.trim()} ${stdout.trim()}`)
  return { wallSeconds: seconds }
}
