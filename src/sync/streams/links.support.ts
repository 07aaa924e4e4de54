/** For tests: stands for the link to a server, which the test plays. */
import type { Reply } from '../../redis/session/open-connection.ts'
import type { Shipment } from '../../redis/client/in-flight-write.ts'
import type { Answers } from '../../redis/session/write-pipeline.ts'
import type { Link } from '../../redis/client/client.ts'
import { Numbering } from '../../redis/client/sequence-numbers.ts'
import { commandsIn } from '../batches/batches.support.ts'

export type Sent = Shipment & PromiseWithResolvers<Answers>

export const FINE: Answers = { rejections: [], done: [], read: [] }

/** Keeps what is sent until the test answers it; `reply` gives what a question is answered. */
export function playedLink(reply: (question: string) => Reply = () => null) {
  const sent: Sent[] = []
  const asked: string[] = []
  const ask: Link['ask'] = async (command, ...args) => {
    const question = [command, ...args].join(' ')
    asked.push(question)
    return reply(question)
  }
  const send: Link['send'] = (shipment) => {
    const one = { ...shipment, ...Promise.withResolvers<Answers>() }
    sent.push(one)
    return one.promise
  }
  return {
    link: {
      once: new Numbering(() => 'k'),
      // Of marks, which are behind all else, only that they have arrived matters.
      leaveMarks: () => Promise.resolve(),
      slotOf: () => undefined,
      isCluster: false,
      ask,
      send,
    } as unknown as Link,
    sent,
    asked,
  }
}

/** Answers what is sent as what is asked, at once; all of it is in `asked`, in order. */
export function answeringLink(reply: (question: string) => Reply) {
  const { link, asked } = playedLink(reply)
  const send: Link['send'] = async ({ bytes }) => {
    const questions = commandsIn(bytes).map((words) => words.join(' '))
    asked.push(...questions)
    return { ...FINE, read: questions.map((question) => [reply(question)].flat() as (string | null)[]) }
  }
  return { link: Object.assign(link, { send }), asked }
}
