/** Records in the manifest of a generation that it has records, before the first of them is sent. */
import type { CommandClient } from '../../redis/client/command-client.ts'
import { manifestField, manifestText } from './generation-manifest.ts'
import { writeMetadata } from './stream-metadata.ts'
import type { StreamSession } from './stream-session.ts'

/** Resolves when the manifest of the stream says that there are records. */
export type RowRecorder = (stream: StreamSession) => Promise<void>

export function rowRecorder(client: CommandClient): RowRecorder {
  const recorded = new Map<StreamSession, Promise<void>>()
  return (stream) => {
    const earlier = recorded.get(stream)
    if (earlier !== undefined) return earlier
    const manifest = stream.manifests.at(-1)
    const now =
      manifest === undefined || manifest.hasRecords
        ? Promise.resolve()
        : writeMetadata(client, stream.plan, {
            [manifestField(manifest)]: manifestText({ ...manifest, hasRecords: true }),
          })
    recorded.set(stream, now)
    return now
  }
}
