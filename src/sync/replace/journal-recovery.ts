/** Completes what a run left behind that ended in the middle of its batches. */
import type { CommandClient } from '../../redis/client/command-client.ts'
import { scanItems } from '../../redis/client/scan-items.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import { readJournal, type RowJournal } from '../dedup/row-journal.ts'

/** Fields that are read in one command; each names the rows of a batch. */
const SLOTS_AT_ONCE = 4

/**
 * Gives the rows in the journal index entries, where they have none: they may have been written, so that they have to be
 * removed with the stream one day, but their batches were not confirmed, so that they count as older than every run.
 */
export async function recoverJournal(
  client: CommandClient,
  index: KeyIndex,
  journal: RowJournal,
): Promise<void> {
  const isFound = await client.confirmed(() => indexJournal(client, index, journal))
  if (isFound) await removeJournal(client, journal)
}

/** Returns whether there is a journal. */
async function indexJournal(client: CommandClient, index: KeyIndex, journal: RowJournal): Promise<boolean> {
  let isFound = false
  const scan = { command: 'HSCAN', key: journal.key, count: SLOTS_AT_ONCE } as const
  await scanItems(client, scan, async (fields) => {
    for (let at = 1; at < fields.length; at += 2) await index.ensureAll(readJournal(fields[at]!))
    isFound ||= fields.length > 0
  })
  return isFound
}

/** Removes the journal, when the index has all of its rows. */
export async function removeJournal(client: CommandClient, journal: RowJournal): Promise<void> {
  await client.ask('UNLINK', journal.key)
}
