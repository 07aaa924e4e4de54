import { describe, expect, it } from 'vitest'
import { resolveRow, type ChangeKind, type RowChange, type RowRules } from './row-resolution.ts'
import type { RowVersion } from './row-version.ts'

/** A kind and a cursor: `write 3`. */
type Change = `${ChangeKind} ${number}`

describe('the changes of a row in one batch', () => {
  it.each<[changes: Change[], before: number | undefined, last?: number, content?: number]>([
    [['write 1'], undefined, 0],
    [['write 1'], 2],
    [['write 1', 'write 2'], undefined, 1],
    [['write 2', 'write 1'], undefined, 0],
    [['write 1', 'write 1'], undefined, 1],
    [['delete 1'], undefined, 0],
    [['write 1', 'delete 2'], undefined, 1, 0],
    [['write 3', 'delete 2'], undefined, 0],
    [['delete 3', 'write 2'], undefined, 0],
    [['write 1', 'delete 2', 'delete 3'], undefined, 2, 0],
    [['write 1', 'delete 2', 'write 3'], undefined, 2],
    [['write 1', 'delete 2', 'write 3', 'delete 4'], undefined, 3, 2],
    [['filtered 1'], undefined],
    [['filtered 2'], 1, 0],
    [['filtered 1'], 2],
    [['filtered 2', 'write 1'], undefined, 1],
    [['filtered 2', 'write 1'], 0, 0],
    [['write 1', 'filtered 2'], undefined, 1, 0],
    [['write 2', 'filtered 1'], undefined, 0],
  ])('%j on a row of version %s', (changes, before, last, content) => {
    const resolution = resolve(changes, before)
    expect([resolution.last?.record, resolution.content?.record]).toEqual([last, content])
    const others = [...changes.keys()].filter((record) => record !== last && record !== content)
    expect(resolution.superseded.map(({ record }) => record).toSorted((a, b) => a - b)).toEqual(others)
  })

  it('do the same as if each came in a batch of its own', () => {
    const kinds: ChangeKind[] = ['write', 'delete', 'filtered']
    const single = kinds.flatMap((kind) => [1, 2, 3].map((cursor): Change => `${kind} ${cursor}`))
    for (const before of [undefined, 2])
      for (const first of single)
        for (const second of single)
          for (const third of single) {
            const changes = [first, second, third]
            let version = before
            let row: string | undefined
            for (const change of changes) {
              const { last } = resolve([change], version)
              if (last === undefined) continue
              version = Number(last.version.cursor)
              row = change
            }
            const { last } = resolve(changes, before)
            expect(last && `${last.kind} ${last.version.cursor}`, changes.join()).toBe(row)
          }
  })

  it('leave a row of the same version that arrived later', () => {
    expect(resolve(['write 2'], 2, { isLater: true }).last).toBeUndefined()
    expect(resolve(['write 2', 'write 3', 'write 3'], 2, { isLater: true }).last?.record).toBe(2)
  })

  it('remove a row that may be there without a version', () => {
    expect(resolve(['filtered 1'], undefined, { mayExist: true }).last?.record).toBe(0)
  })
})

function resolve(changes: readonly Change[], cursor: number | undefined, rules: Partial<RowRules> = {}) {
  const before = cursor === undefined ? undefined : versionWith(cursor)
  return resolveRow(changes.map(changeFrom), before, { mayExist: false, isNumeric: false, ...rules })
}

function changeFrom(change: Change, record: number): RowChange {
  const [kind, cursor] = change.split(' ') as [ChangeKind, string]
  return { record, kind, version: versionWith(Number(cursor), kind !== 'write') }
}

function versionWith(cursor: number, isDeleted = false): RowVersion {
  return { run: 7, emittedAt: 5, cursor: String(cursor), isDeleted }
}
