/** For tests of what is on its way to servers: traffic over real lanes, to servers that the test plays. */
import { setImmediate } from 'node:timers/promises'
import { SystemError } from '../../errors.ts'
import type { DurabilityWait } from './durability-wait.ts'
import type { OpenConnection } from '../session/open-connection.ts'
import type { WriteRequest } from './in-flight-write.ts'
import { playedSocket } from '../session/write-pipeline.support.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import { SlotSequence } from './once.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { RedisNode } from '../session/redis-node.ts'
import { NodePool } from '../session/node-pool.ts'
import { SLOTS, slotOf, tagOf } from '../resp/key-slot.ts'
import { WriteQueue } from './write-queue.ts'
import type { Reply } from '../resp/reply.ts'

/** Keys in slots 3300, 7365 and 15495, and one more in each of those: of three servers, each has one. */
export const [B, C, A] = ['b', 'c', 'a'] as const
export const [B2, C2, A2] = ['{b}2', '{c}2', '{a}2'] as const
export const [SLOT_B, SLOT_C, SLOT_A] = [3300, 7365, 15495] as const

interface Question extends PromiseWithResolvers<Reply> {
  text: string
}

export type PlayedNode = ReturnType<typeof playNode>

/** A server on port `port`: the test gives its answers. */
export function playNode(port: number) {
  const [control, bulk, third] = [playConnection(), playConnection(), playConnection()]
  const address = { host: 'h', port }
  const connections = {
    control: control.connection,
    bulk: bulk.connection,
    durability: third.connection,
  }
  const node = new RedisNode(address, connections, 'standalone')
  let seen = 0
  return {
    node,
    asked: control.asked,
    assured: third.asked,
    /** Commands that came since this was called last, each as its words. */
    came: (): string[] => {
      const text = bulk.socket.written()
      const fresh = commandsIn(text.slice(seen))
      seen = text.length
      return fresh
    },
    /** Gives replies, and has them taken. */
    answer: async (replies: string): Promise<void> => {
      bulk.socket.answer(replies)
      await turn()
    },
  }
}

export async function turn(): Promise<void> {
  await setImmediate()
  await setImmediate()
}

/** Servers that share the slots evenly; one alone is no cluster. */
export function nodesOf(played: readonly PlayedNode[], isCluster = played.length > 1): NodePool {
  const all = played.map(({ node }) => node)
  const owners = Uint16Array.from({ length: SLOTS }, (_, slot) => Math.floor((slot * all.length) / SLOTS))
  const Made = NodePool as unknown as new (
    all: readonly RedisNode[],
    owners: Uint16Array | undefined,
  ) => NodePool
  return new Made(all, isCluster ? owners : undefined)
}

/** Traffic to so many servers. */
export function openWriteQueue(count: number, durabilityWait?: DurabilityWait) {
  const events = { confirmed: 0, refused: [] as unknown[], redirected: [] as (readonly Redirection[])[] }
  const once = new SequenceNumbers((slot) => keyIn('once', slot))
  const marks = new SequenceNumbers((slot) => keyIn('mark', slot))
  const writeQueue = new WriteQueue(
    { once, marks, durabilityWait },
    {
      confirmed: () => events.confirmed++,
      refused: (reason) => events.refused.push(reason),
      redirected: (redirections) => events.redirected.push(redirections),
    },
  )
  /** Has it use new connections. */
  const connect = (runs: ReadonlyMap<number | undefined, number> = new Map(), isCluster?: boolean) => {
    const played = Array.from({ length: count }, (_, index) => playNode(index + 1))
    const nodes = nodesOf(played, isCluster)
    for (const { node } of played)
      node.begin({
        lost: (reason) => events.refused.push(reason),
        isRedirection: (text) => nodes.isCluster && readRedirection(text, node.address) !== undefined,
      })
    // That is what tells them.
    for (const slot of runs.keys())
      watched((slot === undefined ? nodes.all[0]! : nodes.ofSlot(slot)).ask('GET', [keyIn('once', slot)]))
    writeQueue.attach(nodes, runs)
    return { nodes, played: played as [PlayedNode, PlayedNode, PlayedNode] }
  }
  const disconnect = (nodes: NodePool): void => {
    writeQueue.detach()
    nodes.cut()
  }
  /** One of a transaction that must not be run twice. */
  const numbered = (text: string): WriteRequest => {
    const slot = count === 1 ? undefined : slotOf(Buffer.from(text.split(' ')[1]!))
    return transaction([text], { slot, sequence: once.of(slot).next() })
  }
  return { writeQueue, events, once, marks, connect, disconnect, numbered }
}

/** The cluster takes its slots from the last server, and the first one has them. */
export function takeSlotsOfLast(nodes: NodePool): void {
  const masters = nodes.all.map(({ address }) => address)
  const owners = Uint16Array.from({ length: SLOTS }, (_, slot) => nodes.all.indexOf(nodes.ofSlot(slot)))
  nodes.adopt({ masters, owners: owners.map((owner) => (owner === masters.length - 1 ? 0 : owner)) })
}

/** A shipment of writes, each given as its words. */
export function writes(commands: readonly string[], more: Partial<WriteRequest> = {}): WriteRequest {
  return { bytes: encoded(commands), commands: commands.length, ...more }
}

/** One of a transaction; with a number, it ends with the note of that. */
export function transaction(commands: readonly string[], more: Partial<WriteRequest> = {}): WriteRequest {
  const { slot, sequence } = { slot: slotOf(Buffer.from(commands[0]!.split(' ')[1]!)), ...more }
  const all = sequence === undefined ? commands : [...commands, noteOf('once', slot, sequence)]
  const bytes = encoded(['MULTI', ...all, 'EXEC'])
  return { bytes, commands: all.length, isTransaction: true, slot, ...more }
}

/** The command that leaves a number. */
export function noteOf(name: string, slot: number | undefined, number: number): string {
  return new SlotSequence(keyIn(name, slot)).note(number).join(' ')
}

/** What a server answers to a transaction that it runs. */
export function ran(...replies: string[]): string {
  return `+OK\r\n${'+QUEUED\r\n'.repeat(replies.length)}*${replies.length}\r\n${replies.join('')}`
}

/** What becomes of a promise, as far as that is known. */
export function watched<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const fate: { value?: T; error?: unknown } = {}
  promise.then(
    (value) => (fate.value = value),
    (error: unknown) => (fate.error = error),
  )
  return fate
}

function encoded(commands: readonly string[]): Buffer {
  const out = new CommandBuffer(Buffer.alloc(0))
  for (const command of commands) {
    const [name, ...args] = command.split(' ')
    out.command(name!, ...args)
  }
  return Buffer.from(out.bytes.subarray(0, out.length))
}

/** Words have no line ends: every second line is one. */
function commandsIn(text: string): string[] {
  return text
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((command) =>
      command
        .split('\r\n')
        .filter((_, line) => line % 2 === 1)
        .join(' '),
    )
}

/** In a slot, where there is one. */
export function keyIn(name: string, slot: number | undefined): string {
  if (slot === -1) throw new RangeError('Nobody has such a slot.')
  return `${name}{${slot === undefined ? 'all' : tagOf(slot)}}`
}

function playConnection() {
  const asked: Question[] = []
  const socket = playedSocket()
  const call: OpenConnection['call'] = (command, ...args) => {
    const question = { ...Promise.withResolvers<Reply>(), text: [command, ...args].join(' ') }
    asked.push(question)
    return question.promise
  }
  const connection: OpenConnection = {
    identity: { clientId: 1, runId: undefined },
    scripts: new Map(),
    call,
    takeSocket: () => socket.socket,
    cut: () => {
      for (const { reject } of asked) reject(new SystemError('cut'))
    },
    gone: new Promise(() => {}),
    [Symbol.asyncDispose]: async () => {},
  }
  return { asked, socket, connection }
}

/** An error reply as ioredis gives it. */
export function refusal(text: string): Error {
  return Object.assign(new Error(text), { name: 'ReplyError' })
}
