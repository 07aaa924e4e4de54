// Random cases: streams, and the runs of a host with changing numbers and options.
import { oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import type { Case, ForeignContents, RunPlan } from './case.ts'
import { isBuilt } from './rules.ts'
import { makeRun, type HostState } from './random-run.ts'
import { makeOptions, makeStream } from './random-stream.ts'

export function makeCase(random: Random, topology: Case['topology']): Case {
  const streams = Array.from({ length: oneOf(random, [1, 1, 1, 2, 3]) }, (_, at) => makeStream(random, at))
  const host: HostState = {
    hasGenerations: random() < 0.85,
    isPlatform: random() < 0.5 && isBuilt('completion.auto'),
    syncId: 10,
    streams: [],
    endedWell: true,
    mayBeRefused: false,
    unacknowledged: [],
  }
  const common = makeOptions(random, streams)
  const runs: RunPlan[] = []
  const length = oneOf(random, [2, 2, 3, 3, 4, 5])
  while (runs.length < length)
    runs.push(makeRun(random, { host, streams, common, number: runs.length * 100 }))
  return { topology, foreign: makeForeign(random), runs }
}

/** Keys of other applications, beside those of the streams. */
function makeForeign(random: Random): [string, ForeignContents][] {
  const keys: [string, ForeignContents][] = [
    ['n:s0:note', { type: 'string', text: 'theirs' }],
    ['n:s00', { type: 'list', items: ['theirs'] }],
    ['g/s0/else', { type: 'list', items: ['theirs'] }],
    ['p:other', { type: 'string', text: '7' }],
  ]
  // A key of rows, which refuses some layouts.
  const inTheWay: [string, ForeignContents] = ['g/s0/b', { type: 'list', items: ['theirs'] }]
  return [...keys.filter(() => random() < 0.3), ...(random() < 0.1 ? [inTheWay] : [])]
}
