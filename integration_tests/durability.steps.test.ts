// The steps of a replace under `durability`: a replica stops right before one of them, and nothing behind it is done until
// the replica has it.
import { expect, it } from 'vitest'
import { CommandProxy } from './support/command-proxy.ts'
import { startConnector } from './support/connector.ts'
import { feed } from './support/feed.ts'
import { record, status, streamState } from './support/messages.ts'
import { pollUntil } from './support/poll.ts'
import { ReplicatedRedis } from './support/replicas.ts'
import { write, writeArgs } from './support/write.ts'

const DURABLE = { durability: { mode: 'replicas', count: 1, timeout_ms: 100 } }
const LIST = { cache_type: 'list', data_format: 'json', key_template: 'l' }

/** Recognises each step of a replace, and the one after it, by the command that it sends. */
const STEPS = [
  { step: 'opening it', command: /^HSET _airbyte:manifest::s staged_from_run/, next: /^RPUSH/ },
  {
    step: 'the swap',
    command: /^EVAL .*RENAME.* _airbyte:trash:/s,
    next: /^HSET _airbyte:manifest::s live_/,
  },
  {
    step: 'its last step',
    command: /^HSET _airbyte:manifest::s generation:2 .*"endedWell":true/,
    next: /^DEL/,
  },
]

it.each(STEPS)('is not gone on with before replicas have it: $step', async ({ command, next }) => {
  await using redis = await ReplicatedRedis.start()
  const lines = [record('s', { id: 1 }), streamState('s', { id: 1 }), status('s')]
  const stream = { name: 's', mode: 'overwrite' } as const
  await write(redis.master, [{ ...stream, generation: 1, minimumGeneration: 1 }], lines, LIST)

  await using proxy = await CommandProxy.start(redis.master.port)
  let isFrozen = false
  const later: string[] = []
  proxy.beforeEach((words) => {
    const text = words.join(' ')
    if (isFrozen) later.push(text)
    if (isFrozen || !command.test(text)) return undefined
    isFrozen = true
    return redis.replicas[0]!.kill('SIGSTOP')
  })
  const replaced = { ...stream, generation: 2, minimumGeneration: 2 }
  await using run = startConnector(writeArgs(proxy, [replaced], { ...LIST, ...DURABLE }))
  let isOver = false
  const exit = run.exit.finally(() => (isOver = true))
  await feed(run.stdin, lines)
  await pollUntil('further waits', async () => later.filter((text) => text.startsWith('WAIT')).length >= 3)
  expect([isOver, later.filter((text) => next.test(text))]).toEqual([false, []])
  await redis.replicas[0]!.kill('SIGCONT')
  expect(await exit).toMatchObject({ code: 0 })
  expect(await redis.replicas[0]!.client().lrange('l', 0, -1)).toEqual(['{"id":1}'])
})
