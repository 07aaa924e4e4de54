// The catalog of a random run: the sync mode and the numbers that a host sends.
import { oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import { isCollection, isUpdate, type Mode, type ModelStream } from './options.ts'
import type { StreamMaking } from './random-stream.ts'
import { isBuilt } from './rules.ts'

/** What a host knows of its last run. */
export interface HostNumbers {
  hasGenerations: boolean
  syncId: number
  streams: ModelStream[]
}

interface CatalogMaking {
  making: StreamMaking
  host: HostNumbers
  at: number
  isRetry: boolean
}

/** Returns the stream of the catalog; a retry has the same numbers. */
export function makeCatalogStream(random: Random, { making, host, at, isRetry }: CatalogMaking): ModelStream {
  const { name, namespace, primaryKey, cursor } = making
  const before = host.streams[at]
  if (isRetry && before !== undefined) return before
  const mode = modeOf(making, before)
  const stream: ModelStream = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    mode,
    primaryKey,
    ...(cursor === undefined ? {} : { cursor }),
  }
  if (!host.hasGenerations) return stream
  return { ...stream, ...numbersOf(random, { stream, before, making }), syncId: host.syncId }
}

/** Updates need rows that exist, which the first run writes. */
function modeOf({ mode, layout }: StreamMaking, before: ModelStream | undefined): Mode {
  if (!isUpdate({ name: '', mode }) || before !== undefined) return mode
  return layout.modes.includes('append') ? 'append' : 'append_dedup'
}

type Numbers = Required<Pick<ModelStream, 'generation' | 'minimum'>>

function numbersOf(
  random: Random,
  { stream, before, making }: { stream: ModelStream; before: ModelStream | undefined; making: StreamMaking },
): Numbers {
  const last = before?.generation ?? 4
  const same = { generation: last, minimum: 0 }
  const [merge, refresh] = [
    { generation: last + 1, minimum: 0 },
    { generation: last + 1, minimum: last + 1 },
  ]
  if (isUpdate(making)) return same
  const replaces: Numbers[] = [refresh, refresh]
  if (!isCollection(making.layout.options) || stream.mode === 'append_dedup')
    replaces.push({ generation: last + 1, minimum: last })
  if (isBuilt('replace.generation-lower'))
    replaces.push({ generation: Math.max(last - 1, 1), minimum: Math.max(last - 1, 1) })
  if (isBuilt('replace.other-sync')) replaces.push({ generation: last, minimum: last })
  const isJoinable = isBuilt('dedup.delete-after-append') && stream.mode === 'append_dedup'
  const isOtherMode = before !== undefined && before.mode !== stream.mode && !isUpdate(before)
  if (stream.mode === 'overwrite' || (isOtherMode && !isJoinable)) return oneOf(random, replaces)
  // Conditions and refreshes exclude each other.
  if (making.added.write_condition !== undefined) return same
  return oneOf(random, [same, same, same, merge, ...replaces])
}
