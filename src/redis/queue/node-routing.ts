/** Splits a request by node: each node gets the commands whose slots it has. */
import type { InFlightState, PendingCommand } from './in-flight-write.ts'
import type { EncodedCommands } from '../resp/encoded-commands.ts'
import { encodeTransaction } from '../sequencing/encode-transaction.ts'
import type { PipelineWrite } from '../session/write-pipeline.ts'
import type { Sequence, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { addHead, type CommandRun } from '../resp/command-run.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'
import type {
  MarkerRequest,
  ReadRequest,
  TransactionRequest,
  WriteRequest,
} from '../sequencing/pipeline-request.ts'

export interface NodeWrite {
  readonly node: RedisNode
  readonly write: PipelineWrite
  /** The index of each command in the request, -1 for an inserted ASKING; undefined where they are the same. */
  readonly indexes: readonly number[] | undefined
  /** Of a marker: what it counts. */
  readonly sequence?: Sequence
}

const NO_BYTES = Buffer.alloc(0)
/** The index of an ASKING in front of a command. */
const INSERTED = -1
const ASKING = Buffer.from('*1\r\n$6\r\nASKING\r\n')
const ASKING_HEAD = { name: 'ASKING', args: 0 }

export function writesByNode(
  request: WriteRequest | ReadRequest | TransactionRequest,
  state: InFlightState,
  nodes: NodePool,
): NodeWrite[] {
  const { commands } = request
  if (commands.count === 0) return []
  // The keys of a transaction are in one slot. No ASKING goes in front: the command behind MULTI would not get it.
  if (request.kind === 'transaction')
    return [{ node: nodeOf(request, nodes), write: encodeTransaction(commands), indexes: undefined }]
  const kind = request.kind === 'read' ? 'read' : request.isCounted ? 'counted' : 'plain'
  if (!nodes.isCluster) {
    const { count } = commands
    const write = { kind, commands: count, chunks: [commands.bytes()], runs: commands.runs() } as const
    return [{ node: nodes.all[0]!, write, indexes: undefined }]
  }
  const pending = state.kind === 'queued' && state.pending !== 'all' ? state.pending : undefined
  return splitByNode(commands, nodes, pending).map(({ node, indexes, bytes, runs }) => ({
    node,
    write: { kind, commands: indexes.length, chunks: [bytes], runs },
    indexes,
  }))
}

export function nodeOf({ slot }: TransactionRequest, nodes: NodePool): RedisNode {
  return slot === undefined ? nodes.all[0]! : nodes.ofSlot(slot)
}

/** Returns the next number for each node that was written to since its last one; for a final marker, for all that have one. */
export function markersFor(
  { isFinal }: MarkerRequest,
  nodes: NodePool,
  markers: SequenceNumbers,
): NodeWrite[] {
  const marked = new Set(
    isFinal ? markers.all.map(({ slot }) => (slot === undefined ? nodes.all[0]! : nodes.ofSlot(slot))) : [],
  )
  return nodes.all
    .filter((node) => (node.needsMarker || marked.has(node)) && nodes.hasSlots(node))
    .flatMap((node) => {
      const sequence = markers.of(nodes.slotOf(node, markers.slots, markers.avoided))
      // A prefix with a tag puts all keys into one slot, which the other nodes do not have.
      if (nodes.ofCommand('INCRBY', [sequence.key]) !== node) return []
      const out = new CommandBuffer(Buffer.allocUnsafeSlow(160))
      out.command('INCRBY', sequence.key, '1')
      const chunks = [out.bytes.subarray(0, out.length)]
      const write: PipelineWrite = { kind: 'counted', commands: 1, chunks, runs: out.runsOf(0, 1) }
      return [{ node, write, indexes: undefined, sequence }]
    })
}

interface Share {
  indexes: number[]
  size: number
  bytes: Buffer
  runs: CommandRun[]
}

function splitByNode(
  commands: EncodedCommands,
  nodes: NodePool,
  pending: readonly PendingCommand[] | undefined,
): ({ node: RedisNode } & Share)[] {
  const shares = new Map<RedisNode, Share>()
  const total = pending?.length ?? commands.count
  for (let at = 0; at < total; at++) {
    const index = pending === undefined ? at : pending[at]!.index
    const asked = pending?.[at]!.asked
    const other = asked && nodes.at(asked)
    const node = other ?? nodes.ofSlot(commands.slotOf(index))
    let share = shares.get(node)
    if (share === undefined) shares.set(node, (share = { indexes: [], size: 0, bytes: NO_BYTES, runs: [] }))
    if (other !== undefined) {
      share.indexes.push(INSERTED)
      addHead(share.runs, ASKING_HEAD)
    }
    share.indexes.push(index)
    addHead(share.runs, commands.headOf(index))
    share.size += commands.sizeOf(index) + (other === undefined ? 0 : ASKING.length)
  }
  for (const share of shares.values()) {
    share.bytes = Buffer.allocUnsafeSlow(share.size)
    let end = 0
    for (const index of share.indexes)
      end += index === INSERTED ? ASKING.copy(share.bytes, end) : commands.copy(index, share.bytes, end)
  }
  return [...shares].map(([node, share]) => ({ node, ...share }))
}
