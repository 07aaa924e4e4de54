/** Makes loads of a delivery: what of it is to be sent, for each server what is its own. */
import { Delivery, type Mark, type Pending } from './in-flight-write.ts'
import type { Load } from '../session/write-pipeline.ts'
import { Numbering } from './sequence-numbers.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { Server } from '../session/node.ts'
import type { Servers } from '../session/node-pool.ts'

export interface ServerLoad {
  readonly server: Server
  readonly load: Load
  /** By command of the load, its number in the shipment, -1 for one that only leads in; none where they are the same. */
  readonly indexes: readonly number[] | undefined
  /** That it leaves. */
  readonly mark?: Mark
}

const NO_BYTES = Buffer.alloc(0)
const LEAD_IN = Buffer.from('*1\r\n$6\r\nASKING\r\n')

export function loadsOf(delivery: Delivery, servers: Servers): ServerLoad[] {
  const { shipment, pending } = delivery
  if (shipment.commands === 0) return []
  if (!servers.isCluster) return [{ server: servers.all[0]!, load: shipment, indexes: undefined }]
  // Its keys are in one slot; and where the slot is on its way elsewhere, nothing leads in a transaction.
  if (shipment.isTransaction === true)
    return [{ server: servers.ofSlot(shipment.slot!), load: shipment, indexes: undefined }]
  return byServer(delivery, servers, pending === 'all' ? undefined : pending)
}

/** For each server that was written to since it was left a mark, the next one. */
export function marksFor(delivery: Delivery, servers: Servers, marks: Numbering): ServerLoad[] {
  const marked = (delivery.marks ?? []).filter(({ isLeft }) => isLeft)
  delivery.marks = marked
  return servers.all
    .filter((server) => server.isUnmarked && servers.hasSlots(server))
    .flatMap((server) => {
      const numbers = marks.of(servers.slotOf(server, marks.slots, marks.avoided))
      // Where all keys have one tag, other servers than that of its slot are only asked about themselves.
      if (servers.ofCommand('SET', [numbers.key]) !== server) return []
      const number = numbers.next()
      const mark: Mark = { numbers, number, isLeft: false }
      marked.push(mark)
      const out = new CommandBuffer(Buffer.allocUnsafeSlow(256))
      out.command(...numbers.note(number))
      return {
        server,
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
  { shipment, commands: { bytes, ends, slots } }: Delivery,
  servers: Servers,
  pending: readonly Pending[] | undefined,
): ServerLoad[] {
  const shares = new Map<Server, Share>()
  const each = (visit: (index: number, start: number, share: Share, isLedIn: boolean) => void): void => {
    const total = pending?.length ?? shipment.commands
    for (let at = 0; at < total; at++) {
      const index = pending === undefined ? at : pending[at]!.index
      const asked = pending?.[at]!.asked
      const other = asked && servers.at(asked)
      const server = other ?? servers.ofSlot(slots[index]!)
      let share = shares.get(server)
      if (share === undefined) shares.set(server, (share = { indexes: [], size: 0, bytes: NO_BYTES }))
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
  return [...shares].map(([server, { indexes, bytes: own }]) => ({
    server,
    load: { ...shipment, bytes: own, commands: indexes.length },
    indexes,
  }))
}
