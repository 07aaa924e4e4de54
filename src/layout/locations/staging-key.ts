/** Keys that collect the records of a replacement until it is swapped in for the live key. */
import { besideKey } from '../../redis/resp/key-slot.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { literal } from '../encoding/record-program.ts'
import { ColumnTemplate, type KeyTemplate } from '../fields/column-template.ts'

/** Returns the staging key in the slot of the live key, so that a cluster, too, swaps the two in one step. */
export function stagingKey(live: Buffer, prefix: Buffer): Buffer {
  return besideKey(live, prefix, '_airbyte:staging')
}

/** Returns the template of the staging keys for the keys of `live`. */
export function stagedTemplate(live: ColumnTemplate, prefix: Buffer): KeyTemplate {
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  // Consecutive records often have the same key.
  let last: { live: Buffer; staging: Buffer } | undefined
  return {
    usesIds: live.usesIds,
    usesColumns: live.usesColumns,
    isConstant: live.isConstant,
    size: 2 * live.size + 32,
    argument: live.isConstant ? [literal(stagingKey(live.lead, prefix))] : undefined,
    render(record, out) {
      key.clear()
      const refusal = live.render(record, key)
      if (refusal !== undefined) return refusal
      const name = key.bytes.subarray(0, key.length)
      if (last === undefined || !name.equals(last.live))
        last = { live: Buffer.from(name), staging: stagingKey(name, prefix) }
      out.add(last.staging)
      return undefined
    },
  }
}
