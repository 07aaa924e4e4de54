/** Makes loads of a delivery: what of it is to be sent, for each server what is its own. */
import { InFlightWrite, type Mark, type Pending } from './in-flight-write.ts'
import type { PipelineWrite } from '../session/write-pipeline.ts'
import { SequenceNumbers } from './sequence-numbers.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { RedisNode } from '../session/redis-node.ts'
import type { NodePool } from '../session/node-pool.ts'

export interface NodeWrite {
  readonly node: RedisNode
  readonly load: PipelineWrite
  /** By command of the load, its number in the shipment, -1 for one that only leads in; none where they are the same. */
  readonly indexes: readonly number[] | undefined
  /** That it leaves. */
  readonly mark?: Mark
}

const NO_BYTES = Buffer.alloc(0)
const LEAD_IN = Buffer.from('*1\r\n$6\r\nASKING\r\n')

export function writesByNode(write: InFlightWrite, nodes: NodePool): NodeWrite[] {
  const { request, pending } = write
  if (request.commands === 0) return []
  if (!nodes.isCluster) return [{ node: nodes.all[0]!, load: request, indexes: undefined }]
  // Its keys are in one slot; and where the slot is on its way elsewhere, nothing leads in a transaction.
  if (request.isTransaction === true)
    return [{ node: nodes.ofSlot(request.slot!), load: request, indexes: undefined }]
  return byServer(write, nodes, pending === 'all' ? undefined : pending)
}

/** For each server that was written to since it was left a mark, the next one. */
export function markersFor(write: InFlightWrite, nodes: NodePool, marks: SequenceNumbers): NodeWrite[] {
  const marked = (write.marks ?? []).filter(({ isLeft }) => isLeft)
  write.marks = marked
  return nodes.all
    .filter((node) => node.isUnmarked && nodes.hasSlots(node))
    .flatMap((node) => {
      const numbers = marks.of(nodes.slotOf(node, marks.slots, marks.avoided))
      // Where all keys have one tag, other servers than that of its slot are only asked about themselves.
      if (nodes.ofCommand('SET', [numbers.key]) !== node) return []
      const number = numbers.next()
      const mark: Mark = { numbers, number, isLeft: false }
      marked.push(mark)
      const out = new CommandBuffer(Buffer.allocUnsafeSlow(256))
      out.command(...numbers.note(number))
      return {
        node,
        load: { bytes: out.bytes.subarray(0, out.length), commands: 1 },
        indexes: undefined,
        mark,
      }
    })
}

interface Share {
  indexes: number[]
  size: number
  bytes: Buffer
}

function byServer(
  { request, commands: { bytes, ends, slots } }: InFlightWrite,
  nodes: NodePool,
  pending: readonly Pending[] | undefined,
): NodeWrite[] {
  const shares = new Map<RedisNode, Share>()
  const each = (visit: (index: number, start: number, share: Share, isLedIn: boolean) => void): void => {
    const total = pending?.length ?? request.commands
    for (let at = 0; at < total; at++) {
      const index = pending === undefined ? at : pending[at]!.index
      const asked = pending?.[at]!.asked
      const other = asked && nodes.at(asked)
      const node = other ?? nodes.ofSlot(slots[index]!)
      let share = shares.get(node)
      if (share === undefined) shares.set(node, (share = { indexes: [], size: 0, bytes: NO_BYTES }))
      visit(index, index === 0 ? 0 : ends[index - 1]!, share, other !== undefined)
    }
  }
  each((index, start, share, isLedIn) => {
    if (isLedIn) share.indexes.push(-1)
    share.indexes.push(index)
    share.size += ends[index]! - start + (isLedIn ? LEAD_IN.length : 0)
  })
  for (const share of shares.values()) {
    share.bytes = Buffer.allocUnsafeSlow(share.size)
    share.size = 0
  }
  each((index, start, share, isLedIn) => {
    if (isLedIn) share.size += LEAD_IN.copy(share.bytes, share.size)
    share.size += bytes.copy(share.bytes, share.size, start, ends[index])
  })
  return [...shares].map(([node, { indexes, bytes: own }]) => ({
    node,
    load: { ...request, bytes: own, commands: indexes.length },
    indexes,
  }))
}
