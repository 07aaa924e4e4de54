/** Goes on with a stream whose metadata are gone, though the set of known streams names it. */
import type { Log } from '../../log.ts'
import type { CommandClient } from '../../redis/client/command-client.ts'
import { isMemberForm } from '../dedup/former-rows.ts'
import { KeyIndex } from '../dedup/key-index.ts'
import { runIn } from '../rows/row-version.ts'
import { clearCommand, patternOf } from '../streams/clear-command.ts'
import type { MetadataFields } from '../streams/stream-metadata.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/**
 * Returns metadata in which runs are numbered behind those in the key index, so that a replace removes the rows which the
 * index names. What else earlier runs wrote cannot be told from keys of other applications.
 */
export async function withRunsOfIndex(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  log: Log,
): Promise<MetadataFields> {
  const { form, only } = plan.locator
  const index = new KeyIndex(client, plan, [], { only: isMemberForm(form) ? undefined : only })
  let runs = 0
  await index.each(async (entries) => {
    for (const [, value] of entries) runs = Math.max(runs, runIn(value))
  })
  if (plan.replaces)
    log(
      'WARN',
      `${plan.name}: the metadata of this stream are gone (${plan.metadataKey}), so this run removes only rows that its ` +
        'key index names, and hashes of the classic connector. Keys that match ' +
        `${patternOf(plan.keyTemplate, plan)} may be left. To remove all rows of the stream, these included: ` +
        `${clearCommand(plan)} (--dry-run only shows them); then sync again.`,
    )
  return new Map([...fields, ['runs', String(runs)]])
}
