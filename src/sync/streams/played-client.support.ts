/** For tests: a client whose server the test plays. */
import type { PipelineRequest } from '../../redis/sequencing/pipeline-request.ts'
import type { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { commandsIn } from '../batches/batches.support.ts'
import type { Reply } from '../../redis/resp/reply.ts'

type CommandsRequest = Extract<PipelineRequest, { commands: EncodedCommands }>

export type Sent = CommandsRequest & { bytes: Buffer } & PromiseWithResolvers<WriteResult>

export const FINE: WriteResult = { rejections: [], done: [], read: [] }

/** Keeps the requests that are sent until the test answers them; `reply` returns the reply to a single command. */
export function playedClient(reply: (command: string) => Reply = () => null) {
  const sent: Sent[] = []
  const asked: string[] = []
  const ask: CommandClient['ask'] = async (name, ...args) => {
    const command = [name, ...args].join(' ')
    asked.push(command)
    return reply(command)
  }
  const send: CommandClient['send'] = (request) => {
    // Markers are sent behind all commands, and their replies are not read.
    if (request.kind === 'marker') return Promise.resolve(FINE)
    const bytes = request.commands.bytes()
    const one = { ...request, bytes, ...Promise.withResolvers<WriteResult>() }
    sent.push(one)
    return one.promise
  }
  const client: CommandClient = {
    marker: () => Promise.resolve(),
    confirmed: (step) => step(),
    slotOf: () => undefined,
    slotOwners: undefined,
    isCluster: false,
    routes: 1,
    unsentBytes: 0,
    capabilities: ALL_CAPABILITIES,
    ask,
    send,
  }
  return { client, sent, asked }
}

/** Answers requests and single commands at once; all their commands are in `asked`, in order. */
export function answeringClient(reply: (command: string) => Reply) {
  const { client, asked } = playedClient(reply)
  const send: CommandClient['send'] = async (request) => {
    if (request.kind === 'marker') return FINE
    const commands = commandsIn(request.commands.bytes()).map((args) => args.join(' '))
    asked.push(...commands)
    return { ...FINE, read: commands.map((command) => [reply(command)].flat() as (string | null)[]) }
  }
  return { client: Object.assign(client, { send }), asked }
}
