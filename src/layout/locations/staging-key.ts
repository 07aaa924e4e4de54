/** Keys under which the records of collections are gathered until they take the place of what is live. */
import { besideKey } from '../../redis/resp/key-slot.ts'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { ColumnTemplate, type KeyTemplate } from '../fields/column-template.ts'

/** Beside the live key, so that the two can change places in one step on a cluster, too. */
export function stagingKey(live: Buffer, prefix: Buffer): Buffer {
  return besideKey(live, prefix, 'staging')
}

/** The template of the staging keys of those that `live` gives. */
export function stagedTemplate(live: ColumnTemplate, prefix: Buffer): KeyTemplate {
  const key = new ByteBuffer(Buffer.allocUnsafeSlow(256))
  // Records of one key follow each other often.
  let last: { live: Buffer; staging: Buffer } | undefined
  return {
    usesIds: live.usesIds,
    usesColumns: live.usesColumns,
    size: 2 * live.size + 32,
    render(record, out) {
      key.clear()
      const problem = live.render(record, key)
      if (problem !== undefined) return problem
      const name = key.bytes.subarray(0, key.length)
      if (last === undefined || !name.equals(last.live))
        last = { live: Buffer.from(name), staging: stagingKey(name, prefix) }
      out.add(last.staging)
      return undefined
    },
  }
}
