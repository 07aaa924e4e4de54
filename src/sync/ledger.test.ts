import { Duplex, Writable } from 'node:stream'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse.ts'
import { ConfigError, TransientError } from '../errors.ts'
import { Input } from '../protocol/input.ts'
import { Output } from '../protocol/output.ts'
import { Lane, type Rejection } from '../redis/lane.ts'
import type { Ask, Link } from '../redis/link.ts'
import { Batch } from './batch.ts'
import { Ids } from './ids.ts'
import { Ledger } from './ledger.ts'
import { planStreams } from './plan.ts'
import { Progress } from './progress.ts'
import { Slabs } from './slabs.ts'

const [plan] = planStreams(
  [{ namespace: 'n', name: 's', mode: 'append' }],
  parseConfig('{"host":"h"}', {}).config,
)

describe('states', () => {
  it('leave when every reply to their batch, and to all batches before it, is good', async () => {
    const { ledger, sent, lines } = await opened()
    for (const name of ['a', 'b', 'c']) ledger.submit(batchOf(2, [`${name}1`, `${name}2`]))
    await turn()
    expect(sent.map(({ commands }) => commands)).toEqual([2, 2, 2])
    sent[2]!.resolve([])
    sent[1]!.resolve([])
    await turn()
    expect(lines).toEqual([])
    sent[0]!.resolve([])
    await ledger.settled()
    expect(lines).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2'])
  })

  it('leave as far as the batches before them are good, and no further', async () => {
    const { ledger, sent, lines } = await opened()
    for (const name of ['a', 'b', 'c']) ledger.submit(batchOf(1, [name]))
    await turn()
    sent[0]!.resolve([])
    sent[2]!.resolve([])
    await turn()
    expect(lines).toEqual(['a'])
  })

  it('do not leave any more once a record was refused, which is named by its key', async () => {
    const { ledger, sent, lines } = await opened()
    for (const name of ['a', 'b', 'c']) ledger.submit(batchOf(2, [name]))
    await turn()
    sent[0]!.resolve([])
    sent[1]!.resolve([{ index: 1, error: new ConfigError('It is a list.') }])
    sent[2]!.resolve([])
    const error = new ConfigError('Redis refused to write the key n:s:4. It is a list.')
    await expect(ledger.settled()).rejects.toThrow(error)
    await expect(ledger.room()).rejects.toThrow(error)
    expect(lines).toEqual(['a'])
  })

  it('do not leave any more once the link has failed', async () => {
    const { ledger, sent, lines } = await opened()
    for (const name of ['a', 'b']) ledger.submit(batchOf(1, [name]))
    await turn()
    sent[0]!.reject(new TransientError('Gave up.'))
    sent[1]!.resolve([])
    await expect(ledger.settled()).rejects.toThrow(new TransientError('Gave up.'))
    expect(lines).toEqual([])
  })

  it('do not leave where no ids could be had', async () => {
    const { ledger, server, sent, lines } = await opened()
    server.failure = new TransientError('Gave up.')
    ledger.submit(batchOf(1, ['a']))
    await expect(ledger.settled()).rejects.toThrow(server.failure)
    expect([sent, lines]).toEqual([[], []])
  })

  it('need no records of their own, and still wait for those before them', async () => {
    const { send, answer } = answeringLane()
    const { ledger, lines } = await opened({ send })
    ledger.submit(batchOf(0, ['a']))
    await ledger.settled()
    expect(lines).toEqual(['a'])
    ledger.submit(batchOf(1, ['b']))
    ledger.submit(batchOf(0, ['c']))
    ledger.submit(batchOf(2, ['d']))
    await turn()
    expect(lines).toEqual(['a'])
    answer()
    await ledger.settled()
    expect(lines).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('a batch', () => {
  it('lets go of its records as soon as its commands are made', async () => {
    const { ledger, sent } = await opened()
    const input = new Input()
    ledger.submit(batchOf(3, [], input))
    expect(input.block.isShared).toBe(true)
    await turn()
    expect(input.block.isShared).toBe(false)
    input.bytes.fill('#')
    expect(sent.map(({ bytes }) => bytes.toString().match(/n:s:\d+|\{.*\}/g))).toEqual([
      ['n:s:1', '{}', 'n:s:2', '{}', 'n:s:3', '{}'],
    ])
  })

  it('keeps the memory of its commands until they are confirmed', async () => {
    const { ledger, sent, slabs } = await opened()
    ledger.submit(batchOf(3))
    await turn()
    const { buffer } = sent[0]!.bytes
    expect(slabs.take(1).buffer).not.toBe(buffer)
    sent[0]!.resolve([])
    await ledger.settled()
    expect(slabs.take(1).buffer).toBe(buffer)
  })

  it('goes out in the order it was submitted, with ids in that order', async () => {
    const { ledger, server, sent } = await opened()
    for (const records of [2, 1, 3]) ledger.submit(batchOf(records))
    expect(server.asked.filter((question) => question.startsWith('INCRBY'))).toEqual([
      'INCRBY n:s 2',
      'INCRBY n:s 1',
      'INCRBY n:s 3',
    ])
    await turn()
    expect(sent.map((shipment) => keysIn(shipment)[0])).toEqual(['n:s:1', 'n:s:3', 'n:s:4'])
  })
})

describe('the window', () => {
  it('has no room while many batches wait for their ids', async () => {
    const { ledger, server } = await opened()
    server.isPaused = true
    let submitted = 0
    for (; ledger.hasRoom && submitted < 100; submitted++) ledger.submit(batchOf(1))
    expect(submitted).toBeLessThan(20)
    const room = ledger.room()
    server.goOn()
    await room
    expect(ledger.hasRoom).toBe(true)
  })

  it('is full at so many bytes on their way, and has room again when they are confirmed', async () => {
    const { ledger, sent } = await opened({ maxBytes: 2 * batchOf(2).size })
    let hasRoom = false
    ledger.submit(batchOf(2))
    await turn()
    expect(ledger.hasRoom).toBe(true)
    ledger.submit(batchOf(2))
    await turn()
    expect(ledger.hasRoom).toBe(false)
    const waiting = ledger.room().then(() => (hasRoom = true))
    await turn()
    expect(hasRoom).toBe(false)
    sent[0]!.resolve([])
    await waiting
    expect(ledger.hasRoom).toBe(true)
  })

  it('is empty when everything is settled, and what it used is used again', async () => {
    const { ledger, sent } = await opened({ maxBytes: 1 })
    for (let round = 0; round < 5; round++) {
      ledger.submit(batchOf(3, ['state']))
      expect(ledger.hasRoom).toBe(false)
      await turn()
      expect(keysIn(sent.at(-1)!)).toEqual([1, 2, 3].map((id) => `n:s:${3 * round + id}`))
      sent.at(-1)!.resolve([])
      await ledger.settled()
      expect(ledger.hasRoom).toBe(true)
    }
    expect(new Set(sent.map(({ bytes }) => bytes.buffer)).size).toBe(1)
  })
})

type Sent = { bytes: Buffer; commands: number } & PromiseWithResolvers<Rejection[]>

/** A ledger on a link whose shipments are confirmed by the test. */
async function opened({ maxBytes = 1 << 20, send }: { maxBytes?: number; send?: Link['send'] } = {}) {
  const sent: Sent[] = []
  const lines: string[] = []
  const server = counting()
  const keep: Link['send'] = (bytes, commands) => {
    const shipment = { bytes, commands, ...Promise.withResolvers<Rejection[]>() }
    sent.push(shipment)
    return shipment.promise
  }
  const link = { ask: server.ask, send: send ?? keep } as unknown as Link
  const stdout = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString().trimEnd())
      done()
    },
  })
  const plans = [plan!]
  const progress = new Progress(plans, () => undefined)
  const slabs = new Slabs(1 << 20)
  const ids = await Ids.open(link, plans)
  const ledger = new Ledger({ link, ids, progress, output: new Output(stdout), slabs, maxBytes })
  return { ledger, sent, lines, server, slabs }
}

interface Counting {
  ask: Ask
  asked: string[]
  failure: Error | undefined
  isPaused: boolean
  goOn(): void
}

function counting(): Counting {
  let count = 0
  const resumed = Promise.withResolvers<void>()
  const server: Counting = {
    asked: [],
    failure: undefined,
    isPaused: false,
    goOn: () => resumed.resolve(),
    ask: async (command, ...args) => {
      server.asked.push([command, ...args].join(' '))
      if (server.isPaused) await resumed.promise
      if (server.failure !== undefined) throw server.failure
      return command === 'INCRBY' ? (count += Number(args[1])) : null
    },
  }
  return server
}

/** A real lane to a server that takes everything, and says so when it is told to. */
function answeringLane(): { send: Link['send']; answer: () => void } {
  const lane = new Lane('h:1', {
    heard: () => undefined,
    confirmed: () => undefined,
    refused: () => undefined,
  })
  let commands = 0
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      commands += chunk.toString().split('HMSET').length - 1
      done()
    },
  })
  lane.attach(socket as Socket)
  return {
    send: (bytes, count) => lane.send(bytes, count),
    answer: () => socket.push('+OK\r\n'.repeat(commands)),
  }
}

function keysIn({ bytes }: Sent): string[] {
  return bytes.toString().match(/n:s:\d+/g) ?? []
}

function batchOf(records: number, states: readonly string[] = [], input = new Input()): Batch {
  const batch = new Batch({ records: 1000, bytes: 65_536 }, [plan!])
  input.append(Buffer.from('{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}}\n'))
  input.next()
  for (let record = 0; record < records; record++) batch.addRecord(plan!, input.block, input.message)
  for (const state of states) batch.addState(Buffer.from(`${state}\n`))
  return batch
}
