/** Ids that are not given out, as rows of former generations have their keys. */
import { idIn } from '../../layout/locations/id-keys.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'
import { isMemberForm, type Formers } from './former-rows.ts'

/** Returns the ids whose keys rows of former generations have, which were named by columns. */
export async function formerIdsOf(
  { idKeys }: Pick<StreamPlan, 'idKeys'>,
  { indexed }: Formers,
): Promise<number[]> {
  const ids: number[] = []
  if (idKeys === undefined) return ids
  for (const { index, form } of indexed)
    if (!isMemberForm(form))
      await index.each(async (entries) => {
        for (const [location] of entries) {
          const id = idIn(location, idKeys)
          if (id !== undefined) ids.push(id)
        }
      })
  return ids
}
