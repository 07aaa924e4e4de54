/** Encodes one record, and finds out beforehand whether a record can be encoded. */
import { problem } from '../../errors.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { CommandGroups } from './command-groups.ts'
import type { Layout, RecordView, Refusal } from './layout.ts'

/** Redis accepts no longer argument. */
const LONGEST_DATA = 512 << 20

const TOO_LARGE: Refusal = problem('record-too-large', 'It is larger than 512 MB, the most that Redis takes.')

/** Adds the record's commands to `out`, and returns their group, or why the record cannot be written. */
export function writeRecord(layout: Layout, out: CommandGroups, view: RecordView): number | Refusal {
  return view.dataEnd - view.dataStart > LONGEST_DATA ? TOO_LARGE : layout.write(out, view)
}

/** Returns a function that tells whether a layout can write a record. It leaves the layout as it was. */
export function writabilityTest(layout: Layout): (view: RecordView) => boolean {
  const scratch = new CommandGroups(Buffer.allocUnsafeSlow(1 << 12), ALL_CAPABILITIES)
  return (view) => {
    const isWritable = typeof writeRecord(layout, scratch, view) === 'number'
    layout.flush(scratch)
    scratch.clear()
    view.result = 'written'
    return isWritable
  }
}
