// The child process of a PollingReader.
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { answer, type Findings, type NodeResult, type Watch } from './polling-reader.ts'

const IN_PIPELINE = 500
const MOST_TOLD = 20

process.once('disconnect', () => process.exit())
const [watch] = (await once(process, 'message')) as [Watch]
const { host, port, readings } = watch
const client = new Redis({ host, port, protocol: 2 })
/** The stage of each reading. */
const stages = new Uint32Array(readings.length)
const found: Findings = { rounds: 0, wrong: [], unfinished: [] }

let isStopped = false
process.once('message', () => (isStopped = true))

for (let isLast = false; !isLast;) {
  isLast = isStopped
  for (let from = 0; from < readings.length; from += IN_PIPELINE) await readSome(from)
  found.rounds++
  process.send!('round')
  await turn()
}
const unfinished = readings.filter(({ stages: all }, at) => stages[at] !== all.length - 1)
process.send!({
  ...found,
  unfinished: unfinished.slice(0, MOST_TOLD).map(({ command }) => command[1]),
})
client.disconnect()

async function readSome(from: number): Promise<void> {
  const some = readings.slice(from, from + IN_PIPELINE)
  const pipeline = client.pipeline()
  for (const { command } of some) pipeline.call(...command)
  const replies = (await pipeline.exec()) ?? []
  for (const [at, [error, reply]] of replies.entries()) classify(some[at]!, from + at, error ?? reply)
}

function classify({ command, stages: all }: NodeResult, index: number, reply: unknown): void {
  const text = reply instanceof Error ? reply.message : answer(command[0], reply)
  const stage = stages[index]!
  const now = all.indexOf(text, stage)
  if (now !== -1) stages[index] = now
  else if (found.wrong.length < MOST_TOLD)
    found.wrong.push(`round ${found.rounds + 1}, ${command.join(' ')}: ${text.slice(0, 300)}`)
}
