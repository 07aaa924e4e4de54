/** The record that a run has ended well, in the manifest of each stream. */
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import type { IndexedSession } from '../dedup/indexed-session.ts'
import { eachOf } from '../streams/each-with-progress.ts'
import type { IdAllocator } from '../ids/id-allocator.ts'
import {
  manifestField,
  manifestsIn,
  manifestText,
  type GenerationManifest,
} from '../streams/generation-manifest.ts'
import { writeMetadata } from '../streams/stream-metadata.ts'

/** Enough to hide the distance to Redis, and few enough for their memory. */
const STREAMS_AT_ONCE = 64

/**
 * Records that the runs of all streams have ended well, and the last ids. `ended`: the manifests of those that were
 * replaced; undefined where the stream has no records, as its metadata are gone.
 */
export async function recordEnds(
  client: CommandClient,
  ids: IdAllocator,
  sessions: readonly IndexedSession[],
  ended: ReadonlyMap<IndexedSession, GenerationManifest | undefined>,
  log: Log,
): Promise<void> {
  const recordEnd = async (session: IndexedSession): Promise<void> => {
    const { plan, layout } = session
    const manifest = ended.has(session) ? ended.get(session) : await readManifest(client, session)
    if (manifest === undefined) return
    await writeMetadata(client, plan, {
      [manifestField(manifest)]: manifestText({ ...manifest, endedWell: true }),
      ...(layout.usesIds ? { last_id: ids.last(plan), id_limit: ids.last(plan) } : {}),
    })
  }
  await eachOf(sessions, STREAMS_AT_ONCE, ['Recording the ends of streams', log], recordEnd)
}

/** Returns the manifest of a run as its metadata have it now: whether it has records is known since then. */
async function readManifest(
  client: CommandClient,
  { plan, manifests }: IndexedSession,
): Promise<GenerationManifest | undefined> {
  const field = manifestField(manifests.at(-1)!)
  const text = await client.ask('HGET', plan.metadataKey, field)
  if (typeof text !== 'string') return undefined
  return manifestsIn(plan.name, plan.metadataKey, new Map([[field, text]]))[0]
}
