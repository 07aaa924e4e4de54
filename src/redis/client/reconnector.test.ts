import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { problem, TransientError } from '../../errors.ts'
import { Outage } from '../failures/outage.ts'
import { NodePool } from '../session/node-pool.ts'
import { RunOverError } from './node-opener.ts'
import { Reconnector } from './reconnector.ts'

const REFUSAL = new TransientError(problem('memory-full', 'Redis is full.'))

describe('a server that takes no writes', () => {
  it('has its replies read before the connections are closed', async () => {
    const { reconnector, events, drained } = opened()
    await reconnector.restore()
    void reconnector.refuse(REFUSAL)
    void reconnector.refuse(REFUSAL)
    await turn()
    expect(events).toEqual(['open', 'attach', 'drain'])
    drained.resolve()
    await turn()
    expect(events).toEqual(['open', 'attach', 'drain', 'detach', 'give up'])
    reconnector.fail(REFUSAL)
  })
})

describe('new connections that show that the run must end', () => {
  it('end it with their reason, without another attempt', async () => {
    const reason = new TransientError(problem('data-lost', 'Redis has older data.'))
    const { reconnector, events } = opened(new RunOverError(reason))
    await reconnector.restore()
    expect(reconnector.failure).toBe(reason)
    expect(events).toEqual(['open', 'fail'])
  })
})

function opened(failure?: Error) {
  const events: string[] = []
  const drained = Promise.withResolvers<void>()
  const reconnector = new Reconnector({
    opener: {
      open: async () => {
        events.push('open')
        if (failure !== undefined) throw failure
        return { nodes: new NodePool([], undefined), held: new Map() }
      },
      giveUp: () => void events.push('give up'),
      findingsOn: async () => ({ limits: new Map(), hasEvictedClients: false }),
      lossOn: async () => REFUSAL,
    },
    topologyReader: { read: async () => ({ masters: [], owners: undefined }), where: 'h:1' },
    transport: { close: async () => undefined },
    writeQueue: {
      needsFindings: false,
      attach: () => void events.push('attach'),
      detach: () => void events.push('detach'),
      drain: () => {
        events.push('drain')
        return drained.promise
      },
      resume: () => void events.push('resume'),
      fail: () => void events.push('fail'),
    },
    outage: new Outage(60, () => {}),
    deployment: 'standalone',
    closing: new AbortController(),
  })
  return { reconnector, events, drained }
}
