/** For tests: a write queue with real pipelines, to nodes whose replies the test gives. */
import { ALL_CAPABILITIES } from '../commands/capabilities.ts'
import { setImmediate } from 'node:timers/promises'
import { SystemError, problem } from '../../errors.ts'
import type { DurabilityWait } from './durability-wait.ts'
import type { OpenConnection } from '../session/open-connection.ts'
import type { PipelineRequest, TransactionRequest, WriteRequest } from '../sequencing/pipeline-request.ts'
import { CLOSE_SCRIPT, GUARD_SCRIPT } from '../sequencing/encode-transaction.ts'
import type { GuardMode } from '../sequencing/transaction-guard.ts'
import { playedSocket } from '../session/write-pipeline.support.ts'
import { SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { readRedirection, type Redirection } from '../failures/redirection.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { RedisNode } from '../session/redis-node.ts'
import { NodePool } from '../session/node-pool.ts'
import { SLOTS, slotOf, tagOf } from '../resp/key-slot.ts'
import type { ServerLimits } from '../session/server-limits.ts'
import { WriteQueue } from './write-queue.ts'
import type { Reply } from '../resp/reply.ts'

/** Keys in slots 3300, 7365 and 15495, and one more in each of those: of three servers, each has one. */
export const [B, C, A] = ['b', 'c', 'a'] as const
export const [B2, C2, A2] = ['{b}2', '{c}2', '{a}2'] as const
export const [SLOT_B, SLOT_C, SLOT_A] = [3300, 7365, 15495] as const

interface PendingCommand extends PromiseWithResolvers<Reply> {
  text: string
}

export type PlayedNode = ReturnType<typeof playNode>

/** Returns a node on a port; the test gives its replies. */
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
    durable: third.asked,
    /** Returns the commands that have arrived since the last call. */
    came: (): string[] => {
      const text = bulk.socket.written()
      const fresh = commandsIn(text.slice(seen))
      seen = text.length
      return fresh
    },
    /** Sends replies, and waits until they are read. */
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
  return new NodePool(all, isCluster ? owners : undefined)
}

/** Transactions are guarded, or sent one by one. */
const GUARDED: GuardMode = { kind: 'guarded', heldKey: 'held:' }

/** Opens a write queue for so many servers. */
export function openWriteQueue(
  count: number,
  { durabilityWait, mode = GUARDED }: { durabilityWait?: DurabilityWait; mode?: GuardMode } = {},
) {
  const events = {
    confirmed: 0,
    lostNumbers: 0,
    refused: [] as unknown[],
    redirected: [] as (readonly Redirection[])[],
  }
  const sequences = new SequenceNumbers((slot) => keyIn('sequence', slot))
  const markers = new SequenceNumbers((slot) => keyIn('marker', slot))
  const writeQueue = new WriteQueue(
    { sequences, markers, durabilityWait, guard: { mode: () => mode }, mostCopied: 1 << 20, log: () => {} },
    {
      confirmed: () => events.confirmed++,
      refused: (reason) => events.refused.push(reason),
      redirected: (redirections) => events.redirected.push(redirections),
      lostNumber: () => events.lostNumbers++,
    },
  )
  /** Has it use new connections. `held`: by slot, the number of the newest transaction that the servers have run. */
  const connect = (
    held: ReadonlyMap<number | undefined, number> = new Map(),
    isCluster?: boolean,
    findings?: { limits: ServerLimits; hasEvictedClients: boolean },
  ) => {
    const played = Array.from({ length: count }, (_, index) => playNode(index + 1))
    const nodes = nodesOf(played, isCluster)
    for (const { node } of played)
      node.begin({
        lost: (reason) => events.refused.push(reason),
        refused: (error) => events.refused.push(error),
        isRedirection: (text) => nodes.isCluster && readRedirection(text, node.address) !== undefined,
      })
    for (const [slot, number] of held) sequences.of(slot).resume(number)
    const limits = new Map(findings === undefined ? [] : nodes.all.map((node) => [node, findings.limits]))
    const hasEvictedClients = findings?.hasEvictedClients === true
    const failure = writeQueue.attach(nodes, held, findings && { limits, hasEvictedClients })
    return { nodes, failure, played: played as [PlayedNode, PlayedNode, PlayedNode] }
  }
  const disconnect = (nodes: NodePool, isClosed = false): void => {
    writeQueue.detach(isClosed)
    nodes.cut()
  }
  /** Returns a transaction that runs once only. */
  const once = (text: string): TransactionRequest => {
    const slot = count === 1 ? undefined : slotOf(Buffer.from(text.split(' ')[1]!))
    return transaction([text], { slot, isRepeatable: false })
  }
  return { writeQueue, events, sequences, markers, connect, disconnect, once }
}

/** The cluster takes its slots from the last server, and the first one has them. */
export function takeSlotsOfLast(nodes: NodePool): void {
  const masters = nodes.all.map(({ address }) => address)
  const owners = Uint16Array.from({ length: SLOTS }, (_, slot) => nodes.all.indexOf(nodes.ofSlot(slot)))
  nodes.adopt({ masters, owners: owners.map((owner) => (owner === masters.length - 1 ? 0 : owner)) })
}

/** Returns a request for writes. */
export function writes(commands: readonly string[], more: Partial<WriteRequest> = {}): WriteRequest {
  return { kind: 'write', commands: encoded(commands), isCounted: false, confirmedBy: 'reply', ...more }
}

export function reads(commands: readonly string[]): PipelineRequest {
  return { kind: 'read', commands: encoded(commands) }
}

export const MARKER: PipelineRequest = { kind: 'marker', isFinal: false }

/** Returns a request for a transaction, which may run again unless `more` says otherwise. */
export function transaction(
  commands: readonly string[],
  more: Partial<TransactionRequest> = {},
): TransactionRequest {
  const slot = slotOf(Buffer.from(commands[0]!.split(' ')[1]!))
  return {
    kind: 'transaction',
    commands: encoded(commands),
    slot,
    isCounted: false,
    isRepeatable: true,
    confirmedBy: 'reply',
    ...more,
  }
}

/** The command that counts a transaction, or a marker. */
export function countIn(name: 'sequence' | 'marker', slot: number | undefined): string {
  return `INCRBY ${keyIn(name, slot)} 1`
}

/** The commands of a transaction that is sent while none is under way. */
export function numbered(slot: number | undefined, ...commands: string[]): string[] {
  return ['MULTI', ...commands, countIn('sequence', slot), 'EXEC']
}

/** The replies to a transaction that runs. */
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

function encoded(commands: readonly string[]): EncodedCommands {
  const out = new CommandBuffer(Buffer.alloc(0))
  for (const command of commands) {
    const [name, ...args] = command.split(' ')
    out.command(name!, ...args)
  }
  return EncodedCommands.from(out)
}

/** Returns the commands as text, with `guard` and `close` for the texts of scripts. */
function commandsIn(text: string): string[] {
  const commands: string[] = []
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length;) {
    const args: string[] = []
    let left: number
    ;[left, at] = sizeAt(bytes, at)
    for (let size: number; left > 0; left--) {
      ;[size, at] = sizeAt(bytes, at)
      const arg = bytes.toString('latin1', at, at + size)
      args.push(arg === GUARD_SCRIPT ? 'guard' : arg === CLOSE_SCRIPT ? 'close' : arg)
      at += size + 2
    }
    commands.push(args.join(' '))
  }
  return commands
}

function sizeAt(bytes: Buffer, at: number): [size: number, behind: number] {
  const end = bytes.indexOf('\r\n', at)
  return [Number(bytes.toString('latin1', at + 1, end)), end + 2]
}

/** In a slot, where there is one. */
export function keyIn(name: string, slot: number | undefined): string {
  if (slot === -1) throw new RangeError('Nobody has such a slot.')
  return `${name}{${slot === undefined ? 'all' : tagOf(slot)}}`
}

function playConnection() {
  const asked: PendingCommand[] = []
  const socket = playedSocket()
  const call: OpenConnection['call'] = (command, ...args) => {
    const pending = { ...Promise.withResolvers<Reply>(), text: [command, ...args].join(' ') }
    asked.push(pending)
    return pending.promise
  }
  const connection: OpenConnection = {
    identity: { clientId: 1, runId: undefined },
    capabilities: ALL_CAPABILITIES,
    scripts: new Map(),
    call,
    takeSocket: () => socket.socket,
    cut: () => {
      for (const { reject } of asked) reject(new SystemError(problem('test', 'cut')))
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
