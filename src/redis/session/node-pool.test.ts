import { describe, expect, it } from 'vitest'
import { slotOf } from '../resp/key-slot.ts'
import {
  A,
  B,
  C,
  playNode,
  refusal,
  nodesOf,
  SLOT_B,
  takeSlotsOfLast,
  turn,
  type PlayedNode,
} from '../queue/write-queue.support.ts'
import type { Reply } from '../resp/reply.ts'

const three = () => [1, 2, 3].map((port) => playNode(port)) as [PlayedNode, PlayedNode, PlayedNode]

describe('a command', () => {
  it('is for the node that has its key, also that of a script, and for any node without one', () => {
    const played = three()
    const nodes = nodesOf(played)
    const all = [['GET', A], ['EVAL', 'text', 1, C], ['EVALSHA', 'hash', 1, A], ['INFO']] as [string, ...string[]][] // prettier-ignore
    const ports = all.map(([command, ...args]) => nodes.ofCommand(command, args).where)
    expect(ports).toEqual(['h:3', 'h:2', 'h:3', 'h:1'])
    expect(nodesOf([played[2]]).ofCommand('GET', [B]).where).toBe('h:3')
  })

  it('follows its key, behind ASKING while the slot is moving', async () => {
    const played = three()
    const reply = nodesOf(played).ask('GET', B)
    const [one, two, last] = played
    await refuse(one, `MOVED ${SLOT_B} h:2`)
    await refuse(two, `ASK ${SLOT_B} h:3`)
    expect(last.asked.map(({ text }) => text)).toEqual(['ASKING', `GET ${B}`])
    last.asked[1]!.resolve('v')
    expect(await reply).toBe('v')
    expect(two.asked.map(({ text }) => text)).toEqual([`GET ${B}`])
  })

  it.each([`MOVED ${SLOT_B} h:9`, `ASK ${SLOT_B} h:9`, 'TRYAGAIN x'])(
    'is retried later when its key is on a node that is not connected, or on its way: %s',
    async (text) => {
      const played = three()
      const reply = nodesOf(played).ask('GET', B)
      const failed = expect(reply).rejects.toMatchObject({
        failureType: 'transient_error',
        problem: { code: 'cluster-reorganised', params: { where: 'h:1' } },
      })
      await Promise.all([failed, refuse(played[0], text)])
    },
  )

  it('fails with any other error reply', async () => {
    const played = three()
    const reply = nodesOf(played).ask('GET', B)
    await Promise.all([expect(reply).rejects.toThrow('ERR no'), refuse(played[0], 'ERR no')])
  })

  it('is retried later when its key moves again and again', async () => {
    const [one, two, last] = three()
    const over = new AbortController()
    const reply = nodesOf([one, two, last])
      .ask('GET', B)
      .finally(() => over.abort())
    const failed = expect(reply).rejects.toMatchObject({ problem: { code: 'cluster-reorganised' } })
    for (let hop = 0; hop < 50 && !over.signal.aborted; hop++)
      await refuse(hop % 2 === 0 ? one : two, `MOVED ${SLOT_B} h:${hop % 2 === 0 ? 2 : 1}`)
    await failed
  })

  it('follows no redirection where there is no cluster', async () => {
    const [one] = three()
    const reply = nodesOf([one]).ask('GET', B)
    await Promise.all([expect(reply).rejects.toThrow('MOVED'), refuse(one, `MOVED ${SLOT_B} h:1`)])
  })
})

describe('a slot of a node', () => {
  it('is one of those given, or any that is not avoided, or any', () => {
    const played = three()
    const nodes = nodesOf(played)
    const [one, two] = nodes.all
    expect(nodes.slotOf(two!, [1, undefined, 6000])).toBe(6000)
    expect(nodes.slotOf(one!, [6000], new Set([0, 1]))).toBe(2)
    const all = new Set(Array.from({ length: 6000 }, (_, slot) => slot))
    expect(nodes.slotOf(one!, [], all)).toBe(0)
    expect(nodesOf([played[0]]).slotOf(played[0].node, [5])).toBeUndefined()
  })
})

it('every node has slots, except one of a cluster that has not been given any yet', () => {
  const nodes = nodesOf(three())
  takeSlotsOfLast(nodes)
  expect(nodes.all.map((node) => nodes.hasSlots(node))).toEqual([true, true, false])
  const alone = nodesOf([playNode(1)])
  expect(alone.hasSlots(alone.all[0]!)).toBe(true)
})

describe('a new topology', () => {
  it('is adopted where the nodes are the same, in any order', () => {
    const nodes = nodesOf(three())
    const [one, two, last] = nodes.all.map(({ address }) => address)
    const owners = new Uint16Array(16_384).fill(2)
    expect(nodes.adopt({ masters: [last!, one!, two!], owners })).toBe(true)
    expect(nodes.ofSlot(slotOf(Buffer.from('k'))).where).toBe('h:2')
    expect(nodes.adopt({ masters: [last!], owners: new Uint16Array(16_384) })).toBe(true)
    expect(nodes.ofSlot(0).where).toBe('h:3')
  })

  it('needs new connections where there is another node', () => {
    const nodes = nodesOf(three())
    const [one, two] = nodes.all.map(({ address }) => address)
    const owners = new Uint16Array(16_384)
    expect(nodes.adopt({ masters: [one!, two!, { host: 'h', port: 4 }], owners })).toBe(false)
    expect(nodes.ofSlot(16_383).where).toBe('h:3')
    expect(nodes.adopt({ masters: [one!], owners: undefined })).toBe(false)
  })
})

/** Answers the last command of a node with an error. */
async function refuse({ asked }: PlayedNode, text: string): Promise<void> {
  const pending: PromiseWithResolvers<Reply> = asked.at(-1)!
  pending.reject(refusal(text))
  await turn()
}
