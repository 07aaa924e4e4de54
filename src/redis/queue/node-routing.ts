/** Splits a request by node: each node gets the commands whose slots it has. */
import type { InFlightState, PendingCommand } from './in-flight-write.ts'
import type { EncodedCommands } from '../resp/encoded-commands.ts'
import { encodeTransaction } from '../sequencing/encode-transaction.ts'
import type { BufferPool } from '../memory/buffer-pool.ts'
import type { PooledMemory } from '../memory/pooled-memory.ts'
import type { PipelineWrite } from '../session/write-pipeline.ts'
import type { Sequence, SequenceNumbers } from '../sequencing/sequence-numbers.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { SlotOwners } from '../resp/command-pieces.ts'
import { NodeShare } from './node-share.ts'
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
  /** Says which commands of the request are sent; undefined where all of them are. */
  readonly share?: NodeShare
  /** Of a marker: what it counts. */
  readonly sequence?: Sequence
  /** The memory of its commands; undefined where they are in memory of others. */
  readonly memory?: PooledMemory
}

export function writesByNode(
  request: WriteRequest | ReadRequest | TransactionRequest,
  state: InFlightState,
  nodes: NodePool,
  pool: BufferPool,
): NodeWrite[] {
  const { commands } = request
  if (commands.count === 0) return []
  // The keys of a transaction are in one slot. No ASKING goes in front: the command behind MULTI would not get it.
  if (request.kind === 'transaction')
    return [{ node: nodeOf(request, nodes), write: encodeTransaction(commands) }]
  const kind = request.kind === 'read' ? 'read' : request.isCounted ? 'counted' : 'plain'
  const { owners } = nodes
  if (owners === undefined) {
    const { count } = commands
    const write = { kind, commands: count, chunks: [commands.bytes()], runs: commands.runs() } as const
    return [{ node: nodes.all[0]!, write }]
  }
  const pending = state.kind === 'queued' && state.pending !== 'all' ? state.pending : undefined
  return sharesOf(commands, nodes, owners, pending).map((share) => {
    const { node, runs, count } = share
    const { chunks, memory } = share.chunks(pool)
    return { node, write: { kind, commands: count, chunks, runs }, share, memory }
  })
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
      return [{ node, write, sequence }]
    })
}

/** Commands keep their order within each share. */
function sharesOf(
  commands: EncodedCommands,
  nodes: NodePool,
  owners: SlotOwners,
  pending: readonly PendingCommand[] | undefined,
): NodeShare[] {
  const shares: NodeShare[] = []
  const shareOf = (owner: number): NodeShare => (shares[owner] ??= new NodeShare(nodes.all[owner]!, commands))
  if (pending === undefined)
    commands.eachOfOwner(owners, (owner, index, count) => shareOf(owner).add(index, count))
  for (const { index, asked } of pending ?? []) {
    const other = asked && nodes.at(asked)
    const share = shareOf(other === undefined ? owners[commands.slotOf(index)]! : nodes.all.indexOf(other))
    if (other !== undefined) share.addAsking()
    share.add(index, 1)
  }
  return shares.filter(Boolean)
}
