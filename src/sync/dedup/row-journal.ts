/**
 * Names the rows of batches that are under way. A batch goes out in three steps: its rows that have no index entry yet
 * are named in the journal, the rows are written, and then their index entries. So an entry stands for a row that was
 * written, and if a run dies in between, the next one finds its rows in the journal. The journal is a hash; each batch
 * under way has a field of it, which later batches overwrite.
 */
import type { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { journalKey } from '../drafts/internal-keys.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import type { IndexEntries } from '../rows/index-entries.ts'

/** A field of the journal. */
export type JournalSlot = number

const LF = 0x0a

export class RowJournal {
  readonly key: string
  readonly #free: JournalSlot[] = []
  #slots = 0

  constructor({ settings, stream }: StreamPlan) {
    this.key = journalKey(settings.keyPrefix, `${stream.namespace}:${stream.name}`)
  }

  /** Whether this run has written to it. */
  get isUsed(): boolean {
    return this.#slots > 0
  }

  /** Adds the command that names rows which are about to be written. */
  write(out: CommandBuffer, entries: IndexEntries, rows: readonly number[]): JournalSlot {
    const slot = this.#free.pop() ?? this.#slots++
    let size = 0
    for (const row of rows) size += entries.middleOf(row) - entries.startOf(row)
    out.begin('HSET', 3)
    out.keyText(this.key)
    out.textArgument(String(slot))
    out.beginArgument(size)
    for (const row of rows) out.put(entries.text.bytes, entries.startOf(row), entries.middleOf(row))
    out.putLineEnd()
    return slot
  }

  /** The key index has the rows of a slot, so another batch may use it. */
  release(slot: JournalSlot): void {
    this.#free.push(slot)
  }
}

/** Returns the locations in a field of the journal: they are encoded as arguments of commands. */
export function readJournal(value: string): string[] {
  const bytes = Buffer.from(value)
  const locations: string[] = []
  for (let at = 0; at < bytes.length;) {
    const start = bytes.indexOf(LF, at) + 1
    const end = start + Number(bytes.toString('latin1', at + 1, start - 2))
    locations.push(bytes.toString('utf8', start, end))
    at = end + 2
  }
  return locations
}
