/** Completes what a run left behind that ended in the middle of its batches. */
import type { RedisClient } from '../../redis/client/redis-client.ts'
import type { KeyIndex } from '../dedup/key-index.ts'
import { readJournal, type RowJournal } from '../dedup/row-journal.ts'

/**
 * Gives the rows in the journal index entries, where they have none: they may have been written, so that they have to be
 * removed with the stream one day, but their batches were not confirmed, so that they count as older than every run.
 */
export async function recoverJournal(
  client: RedisClient,
  index: KeyIndex,
  journal: RowJournal,
): Promise<void> {
  const slots = (await client.ask('HKEYS', journal.key)) as string[]
  for (const slot of slots) {
    const value = await client.ask('HGET', journal.key, slot)
    if (typeof value === 'string') await index.ensureAll(readJournal(value))
  }
  if (slots.length > 0) await removeJournal(client, journal)
}

/** Removes the journal, when the index has all of its rows. */
export async function removeJournal(client: RedisClient, journal: RowJournal): Promise<void> {
  await client.ask('UNLINK', journal.key)
}
