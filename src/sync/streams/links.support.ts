/** For tests: stands for the link to a server, which the test plays. */
import type { WriteRequest } from '../../redis/client/in-flight-write.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import type { RedisClient } from '../../redis/client/redis-client.ts'
import { SequenceNumbers } from '../../redis/client/sequence-numbers.ts'
import { commandsIn } from '../batches/batches.support.ts'
import type { Reply } from '../../redis/resp/reply.ts'

export type Sent = WriteRequest & PromiseWithResolvers<WriteResult>

export const FINE: WriteResult = { rejections: [], done: [], read: [] }

/** Keeps what is sent until the test answers it; `reply` gives what a question is answered. */
export function playedClient(reply: (question: string) => Reply = () => null) {
  const sent: Sent[] = []
  const asked: string[] = []
  const ask: RedisClient['ask'] = async (command, ...args) => {
    const question = [command, ...args].join(' ')
    asked.push(question)
    return reply(question)
  }
  const send: RedisClient['send'] = (request) => {
    const one = { ...request, ...Promise.withResolvers<WriteResult>() }
    sent.push(one)
    return one.promise
  }
  return {
    client: {
      once: new SequenceNumbers(() => 'k'),
      // Of marks, which are behind all else, only that they have arrived matters.
      leaveMarks: () => Promise.resolve(),
      slotOf: () => undefined,
      isCluster: false,
      capabilities: ALL_CAPABILITIES,
      ask,
      send,
    } as unknown as RedisClient,
    sent,
    asked,
  }
}

/** Answers what is sent as what is asked, at once; all of it is in `asked`, in order. */
export function answeringClient(reply: (question: string) => Reply) {
  const { client, asked } = playedClient(reply)
  const send: RedisClient['send'] = async ({ bytes }) => {
    const questions = commandsIn(bytes).map((words) => words.join(' '))
    asked.push(...questions)
    return { ...FINE, read: questions.map((question) => [reply(question)].flat() as (string | null)[]) }
  }
  return { client: Object.assign(client, { send }), asked }
}
