// Gives the rows of the model the ids that the connector has given them, so that a later layout meets the same keys.
import type { World } from './connector-model.ts'
import type { Keyspace } from './keyspace.ts'
import { idKeysIn, type IdKeys } from './snapshot.ts'

/** Changes the keys of the world that are made of ids. Both keyspaces have the same rows, in the same order. */
export function alignIds(world: World, actual: Keyspace, { prefixes, named }: IdKeys): void {
  const renamed = new Map(
    prefixes.flatMap((prefix) => {
      const keys = idKeysIn(actual, prefix, named)
      return idKeysIn(world.keyspace, prefix, named).map((key, at): [string, string] => [key, keys[at]!])
    }),
  )
  world.keyspace = new Map([...world.keyspace].map(([key, entry]) => [renamed.get(key) ?? key, entry]))
  for (const model of world.streams.values()) {
    const rows = [...model.rows.values()].map((row) =>
      // A row that has expired has no key that another one could meet.
      row.isById ? { ...row, key: renamed.get(row.key) ?? `${row.key} (gone)` } : row,
    )
    model.rows = new Map(rows.map((row) => [JSON.stringify({ key: row.key, member: row.member }), row]))
    const ids = rows.filter((row) => row.isById).map(({ key }) => Number(/\d+$/.exec(key)?.[0] ?? 0))
    model.lastId = Math.max(model.lastId, ...ids)
  }
}
